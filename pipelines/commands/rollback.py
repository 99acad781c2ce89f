"""`touchline rollback`: points readers at an earlier generation, in one rename."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from models.errors import BusyError, SettingsError
from pipelines.commands.options import HomeOption, JsonOption, workspace_at
from pipelines.commands.pages import Page, print_json
from pipelines.night.workspace import Workspace

if TYPE_CHECKING:
    from pipelines.night.copying import CopyStanding
    from pipelines.night.ledger import KnownLoad
    from pipelines.night.rollback import KeptGeneration, RolledBack


def rollback(
    generation: Annotated[
        int | None,
        typer.Argument(metavar="[GENERATION]", help="Its number; default the one before.", show_default=False),
    ] = None,
    only_list: Annotated[bool, typer.Option("--list", help="List what is kept; change nothing.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Point readers at an earlier generation. The next night builds on it and takes again the files that it lacks."""
    from pipelines.night.rollback import kept_generations, roll_back

    workspace = workspace_at(home)
    workspace.must_exist()
    done = None if only_list else roll_back(workspace, generation)
    kept = kept_generations(workspace)
    gone = _no_longer_in_inbox(workspace, done.lacking) if done else []
    copied = _copy(workspace) if done else None
    if as_json:
        print_json({**_as_json(done, gone, kept), "copy": asdict(copied) if copied else None})
    else:
        out = Page()
        _show(out, workspace, done, gone, kept)
        _show_copy(out, copied)


def _copy(workspace: Workspace) -> CopyStanding | None:
    """Readers of `storage.publish` go back too; without settings that can be read, or when a night has begun meanwhile,
    that is left to the night."""
    from pipelines.night.copying import copy_published
    from pipelines.night.generation import one_night_at_a_time

    try:
        settings = workspace.settings()
        with one_night_at_a_time(workspace):
            return copy_published(workspace, settings, datetime.now(UTC))
    except (SettingsError, BusyError):
        return None


def _show_copy(out: Page, copied: CopyStanding | None) -> None:
    if copied is None:
        return
    if copied.problem is None:
        out.line(f"\nReaders of {copied.place} see generation {copied.generation}.")
    else:
        out.line(f"\nReaders of {copied.place} were not pointed there: {copied.problem}")
        out.line(f"  → {copied.remedy} Then: touchline rollback again, or touchline run")


def _no_longer_in_inbox(workspace: Workspace, lacking: tuple[KnownLoad, ...]) -> list[KnownLoad]:
    """Files that the next night would not find; with settings that cannot be read nobody can say."""
    from pipelines.night.landing import find_files
    from pipelines.night.objects import objects_seen

    try:
        settings = workspace.settings()
    except SettingsError:
        return []
    found = [file for source in settings.sources for file in find_files(workspace.home, source, settings)]
    found += objects_seen(workspace, settings)
    there = {(file.source, file.entity, file.name) for file in found}
    return [load for load in lacking if (load.source, load.entity, load.file_name) not in there]


def _as_json(done: RolledBack | None, gone: list[KnownLoad], kept: list[KeptGeneration]) -> dict[str, object]:
    rolled = None
    if done is not None:
        again = [_file(load) for load in done.lacking if load not in gone]
        rolled = {"before": done.before, "now": done.now, "taken_again": again, "not_in_inbox": [*map(_file, gone)]}
    return {"rolled_back": rolled, "generations": [asdict(one) for one in kept]}


def _file(load: KnownLoad) -> dict[str, object]:
    return {"source": load.source, "entity": load.entity, "file_name": load.file_name, "file_sha256": load.sha256}


def _show(
    out: Page, workspace: Workspace, done: RolledBack | None, gone: list[KnownLoad], kept: list[KeptGeneration]
) -> None:
    if done is not None and done.before == done.now:
        out.head(f"Readers see generation {done.now} already; nothing was changed.")
    elif done is not None:
        out.head(f"Readers see generation {done.now} now, before that {done.before}.")
    if not kept:
        out.line("No generation is kept yet: touchline run")
        return
    rows = [
        (one.number, "published" if one.is_published else "" if one.is_whole else "not whole", _time(one.as_of),
         _time(one.published_at), one.built_on if one.built_on is not None else "")
        for one in kept
    ]  # fmt: skip
    out.rows("Generations", ("generation", "", "as of", "published at", "built on"), rows, number=str)
    if done is None:
        return
    again = [load.file_name for load in done.lacking if load not in gone]
    if again:
        out.line(f"\nThe next night takes again: {', '.join(again)}")
        out.line("  → take a bad file out of the inbox before it; touchline rollback N goes forward again")
    for load in gone:
        out.line(f"\nNo longer in the inbox, so left out from the next night on: {load.source}/{load.file_name}")
        out.line(f"  → to keep its rows, put it back: its copy is {workspace.landed / load.sha256}")


def _time(instant: datetime | None) -> str:
    return "" if instant is None else f"{instant.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
