"""Pointing readers at another generation that is still there: the same rename as a publication, backwards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import duckdb

from models.errors import TouchlineError, UsageError
from pipelines.night.generation import Generation, folders_of, one_night_at_a_time, point_readers_at
from pipelines.night.ledger import KnownLoad, accepted_loads
from pipelines.night.publication import erased_in, read_publication
from pipelines.night.workspace import Workspace


@dataclass(frozen=True)
class KeptGeneration:
    """A generation in var/generations; one that does not open is not whole and tells nothing of itself."""

    number: int
    is_published: bool
    is_whole: bool
    as_of: datetime | None = None
    published_at: datetime | None = None
    built_on: int | None = None


@dataclass(frozen=True)
class RolledBack:
    """Where readers were and are; `lacking` are the files that the new ledger lacks and a night takes again."""

    before: int | None
    now: int
    lacking: tuple[KnownLoad, ...]


def kept_generations(workspace: Workspace) -> list[KeptGeneration]:
    """Everything that readers could be pointed at, newest first."""
    pointed_at = _pointed_at(workspace)
    return [_describe(Generation(folder), pointed_at) for folder in reversed(folders_of(workspace))]


def roll_back(workspace: Workspace, number: int | None) -> RolledBack:
    """Points readers at generation `number`, default the one that the published one was built on.

    Raises BusyError while a night runs, UsageError when there is no such generation or it is not whole.
    """
    with one_night_at_a_time(workspace):
        kept = {generation.number: generation for generation in kept_generations(workspace)}
        before = _pointed_at(workspace)
        _refuse_before_erasure(workspace, kept.get(before or 0), number)
        target = kept.get(_one_before(kept, before) if number is None else number)
        if target is None or not target.is_whole:
            raise _no_such(kept, number)
        lacking = _lacking(workspace, kept.get(before or 0), target)
        if target.number != before:
            point_readers_at(workspace, _generation(workspace, target.number))
        return RolledBack(before, target.number, lacking)


def _refuse_before_erasure(workspace: Workspace, published: KeptGeneration | None, number: int | None) -> None:
    """An earlier generation names people who were forgotten since; it may still be there when a night was killed."""
    if published is None or not published.is_whole:
        return
    erased = max(erased_in(_generation(workspace, published.number)).values(), default=None)
    wanted = published.built_on if number is None else number
    if wanted is not None and erased is not None and wanted < erased:
        raise UsageError(
            f"generation {wanted} cannot come back: it names somebody who was forgotten in generation {erased}",
            "Correct what is wrong at its source, or in the settings, and run a night.",
        )


def _one_before(kept: dict[int, KeptGeneration], before: int | None) -> int:
    """What the published generation was built on: after an earlier rollback that is not the next lower number."""
    published = kept.get(before or 0)
    if published is not None and published.is_whole:
        if published.built_on is None:
            raise UsageError(
                f"generation {published.number} is the first: there is none before it",
                "See which are kept: touchline rollback --list",
            )
        return published.built_on
    whole = [number for number, generation in kept.items() if generation.is_whole and number < (before or 0)]
    return max(whole, default=0)


def _no_such(kept: dict[int, KeptGeneration], number: int | None) -> UsageError:
    what = (
        "the generation before the published one is not kept any more"
        if number is None
        else f"there is no whole generation {number}"
    )
    whole = ", ".join(str(one) for one in sorted(kept) if kept[one].is_whole and not kept[one].is_published)
    return UsageError(
        what,
        f"Name one of: {whole}" if whole else "None is kept beside the published one: see engine.keep_generations.",
    )


def _lacking(workspace: Workspace, before: KeptGeneration | None, target: KeptGeneration) -> tuple[KnownLoad, ...]:
    if before is None or not before.is_whole:
        return ()
    left, now = (accepted_loads(read_publication(_generation(workspace, one.number))[1]) for one in (before, target))
    known = {(load.source, load.entity, load.sha256, load.object) for load in now}
    return tuple(load for load in left if (load.source, load.entity, load.sha256, load.object) not in known)


def _pointed_at(workspace: Workspace) -> int | None:
    """The number that the symlink names, be it whole or not."""
    if not workspace.published.is_symlink():
        return None
    name = workspace.published.readlink().name
    return int(name) if name.isdigit() else None


def _generation(workspace: Workspace, number: int) -> Generation:
    return Generation(workspace.generations / f"{number:06d}")


def _describe(generation: Generation, pointed_at: int | None) -> KeptGeneration:
    is_published = generation.number == pointed_at
    try:
        if not generation.private.is_file():
            return KeptGeneration(generation.number, is_published, False)
        found, _ = read_publication(generation)
    except (duckdb.Error, TouchlineError, OSError):
        return KeptGeneration(generation.number, is_published, False)
    as_of, published_at, built_on = (found.get(name) for name in ("as_of", "published_at", "built_on"))
    return KeptGeneration(
        generation.number,
        is_published,
        True,
        as_of if isinstance(as_of, datetime) else None,
        published_at if isinstance(published_at, datetime) else None,
        built_on if isinstance(built_on, int) else None,
    )
