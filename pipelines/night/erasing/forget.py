"""Carrying out orders to forget somebody, in two halves around a publication.

Before the build: landed files are redacted, and the night builds on a redacted copy of what is published. After the
rename: whatever still names the person goes. Each half may be killed and is simply done again.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from models.errors import TouchlineError
from models.settings import Settings
from pipelines.night.erasing.arrivals import Landed, redact_landed
from pipelines.night.erasing.databases import copy_redacted, redact_sqlite
from pipelines.night.erasing.inbox import remove_inbox_copies
from pipelines.night.erasing.kept_rows import redact_kept_rows
from pipelines.night.erasing.redactor import Redactor, readable
from pipelines.night.erasing.registry import Registry, mark_finished, read_registry
from pipelines.night.generation import DROPPING, Generation, current_generation, drop_failed, folders_of
from pipelines.night.publication import erased_in, read_publication
from pipelines.night.whole_file import sync
from pipelines.night.workspace import Workspace

if TYPE_CHECKING:
    from pipelines.night.landing import LandedFile
    from pipelines.night.ledger import KnownLoad
    from pipelines.night.orders import Orders
    from pipelines.night.plan import Plan

_LARGEST_TEXT = 256 << 20


@dataclass(frozen=True)
class Standing:
    """Erasures that are not done with: `waiting` for a night, or `unfinished` (published, traces left)."""

    waiting: tuple[str, ...] = ()
    unfinished: tuple[str, ...] = ()


def registry_of(workspace: Workspace) -> Registry | None:
    """Who was forgotten, in keyed hashes; None when nobody was."""
    return read_registry(workspace.operator_store, workspace.erasure_key)


def names_shown(workspace: Workspace) -> Callable[[str], str]:
    """What files are called in the ledger: a name may name somebody who was forgotten."""
    registry = registry_of(workspace)
    return (lambda name: name) if registry is None else Redactor(registry, registry.sources).file_name


def standing_erasures(workspace: Workspace) -> Standing:
    """What `doctor` and the next night have to know."""
    registry = registry_of(workspace)
    open_ones = [one.erasure_id for one in registry.erasures.values() if not one.is_finished] if registry else []
    if not open_ones:
        return Standing()
    published = current_generation(workspace)
    done = erased_in(published) if published is not None else {}
    return Standing(tuple(one for one in open_ones if one not in done), tuple(one for one in open_ones if one in done))


def redact_arrivals(workspace: Workspace, settings: Settings, new: Iterable[LandedFile]) -> list[str]:
    """Forgotten people in tonight's files lose their identity before anything reads it; notes for people."""
    registry = registry_of(workspace)
    if registry is None:
        return []
    files = [Landed(file.source, file.entity, file.name, file.sha256, file.object) for file in new]
    changed = redact_landed(workspace, settings, files, registry, workspace.building)
    names = list(dict.fromkeys(f"{file.source}/{file.name}" for file in changed))
    if not names:
        return []
    return [
        f"People who were forgotten are named in {', '.join(names[:8])}{' and more' if len(names) > 8 else ''}. Nothing"
        " of them was taken in; the copies in the inbox still name them: delete them, and have the source stop."
    ]


def redact_kept(workspace: Workspace, settings: Settings, plan: Plan, aside: Path) -> Plan:
    """Every landed file redacted, and a redacted copy of the published generation for the night to build on."""
    registry = registry_of(workspace)
    if registry is None:
        raise TouchlineError(
            "an order to forget somebody has no entry in the registry", "Give it again: touchline forget"
        )
    redact_landed(workspace, settings, _landed(workspace, plan.known, plan.inbox.new), registry, workspace.building)
    redact_kept_rows(workspace.landed, registry)
    redactor = Redactor(registry, registry.sources)
    plan = replace(plan, orders=_redacted_orders(plan.orders, redactor))
    if plan.previous is None:  # nothing stands to build on: its landed files are all new
        return plan
    folder = aside / f"{plan.previous.number:06d}"
    folder.mkdir(parents=True)
    copy = Generation(folder)
    everywhere = any(one.subject == "rep" for one in registry.erasures.values())
    copy_redacted(plan.previous.crm, copy.crm, redactor, names_everywhere=everywhere)
    copy_redacted(plan.previous.private, copy.private, redactor, names_everywhere=True)
    return replace(plan, previous=copy)


def _redacted_orders(orders: Orders, redactor: Redactor) -> Orders:
    """What people said of tonight's other orders goes into the new generation."""

    def redacted(text: str) -> str:
        return redactor.names(redactor.text(redactor.prefixed_ids(text)))

    pending = (
        replace(order, words=redacted(order.words), reason=order.reason and redacted(order.reason))
        for order in orders.pending
    )
    return replace(orders, pending=tuple(pending))


def files_naming(workspace: Workspace, settings: Settings, published: Generation, registry: Registry) -> list[Landed]:
    """The landed files in which somebody of the registry is named; nothing is changed."""
    known = read_publication(published)[1]
    with tempfile.TemporaryDirectory() as scratch:  # not in the workspace: a night may be running there
        return redact_landed(workspace, settings, _landed(workspace, known, ()), registry, Path(scratch), look=True)


def _landed(workspace: Workspace, known: Iterable[KnownLoad], new: Iterable[LandedFile]) -> list[Landed]:
    """Everything in var/landed, by what the ledger says of it; of bytes that no load names only the texts are known."""
    files = [
        Landed(load.source, load.entity, load.file_name, load.sha256, load.object) for load in known if load.sha256
    ]
    files += [Landed(file.source, file.entity, file.name, file.sha256, file.object) for file in new]
    named = {file.sha256 for file in files}
    strays = (path.name for path in sorted(workspace.landed.iterdir()) if path.name not in named)
    sources = sorted({file.source for file in files})
    files += [Landed(source, "", "stray.txt", name, "") for name in strays if len(name) == 64 for source in sources]
    return files


def finish_erasures(workspace: Workspace, at: datetime) -> list[str]:
    """Removes what still names people whose erasure is published; notes for people. Idempotent, under the lock."""
    unfinished = standing_erasures(workspace).unfinished
    registry = registry_of(workspace)
    if not unfinished or registry is None:
        return []
    redactor = Redactor(registry, registry.sources)
    _drop_generations(workspace)
    drop_failed(workspace)
    notes = remove_inbox_copies(workspace, _accepted(workspace), redactor)
    _drop_open_windows(workspace.fetched)
    for path in _texts(workspace):
        _redact_text(path, redactor)
    held = [path for path in _stores(workspace) if not _is_redacted(path, redactor)]
    if held:
        names = ", ".join(path.name for path in held)
        return [
            *notes,
            f"{names} is held by another process and may still name somebody forgotten: touchline run again.",
        ]
    mark_finished(workspace.operator_store, unfinished, at)
    people = f"{len(unfinished)} people were" if len(unfinished) > 1 else "One person was"
    return [f"{people} forgotten: earlier generations are gone, and nothing can be rolled back to them.", *notes]


def _stores(workspace: Workspace) -> list[Path]:
    """What people ordered and were told, and Dagster's history."""
    found = (workspace.operator_store, *sorted(workspace.dagster_home.rglob("*.db")))
    return [path for path in found if path.is_file()]


def _is_redacted(path: Path, redactor: Redactor) -> bool:
    """False when somebody else writes in it just now; the next night tries again."""
    try:
        redact_sqlite(path, redactor)
    except sqlite3.OperationalError:
        return False
    return True


def _accepted(workspace: Workspace) -> set[str]:
    """The contents whose rows stand in the published generation."""
    published = current_generation(workspace)
    known = read_publication(published)[1] if published is not None else ()
    return {load.sha256 for load in known if load.status == "accepted"}


def _drop_generations(workspace: Workspace) -> None:
    """Every generation but the published one: they were built before the erasure."""
    current = current_generation(workspace)
    for folder in folders_of(workspace):
        if current is not None and folder != current.folder:
            dropped = folder.rename(folder.with_name(DROPPING + folder.name))
            shutil.rmtree(dropped)
    if workspace.generations.is_dir():
        sync(workspace.generations)


def _drop_open_windows(fetched: Path) -> None:
    """Pages of open windows are in clear, and lists of ids too: they are fetched anew, and redacted as they land."""
    for path in (*fetched.rglob("part"), *fetched.rglob("open.json")):
        path.unlink(missing_ok=True)
    for path in fetched.rglob("listed"):
        shutil.rmtree(path, ignore_errors=True)


def _texts(workspace: Workspace) -> list[Path]:
    """What nights, the demo and Dagster wrote as text."""
    beside = [path for path in workspace.var.iterdir() if path.suffix in (".json", ".jsonl", ".log")]
    dagster = [path for path in workspace.dagster_home.rglob("*") if path.suffix not in (".db", ".db-wal", ".db-shm")]
    return [path for path in (*beside, *dagster) if path.is_file() and not path.is_symlink()]


def _redact_text(path: Path, redactor: Redactor) -> None:
    if path.stat().st_size > _LARGEST_TEXT:
        return
    try:
        before = readable(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        return
    after = redactor.names(redactor.text(redactor.prefixed_ids(before)))
    if after != before:
        aside = path.with_name(path.name + ".tmp")
        with suppress(FileNotFoundError):
            aside.unlink()
        aside.write_text(after, encoding="utf-8")
        aside.chmod(path.stat().st_mode & 0o777)
        aside.replace(path)
