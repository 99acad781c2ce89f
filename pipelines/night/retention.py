"""What is kept only for so long: landed files (`privacy.keep_landed_days`) and rejected rows (`keep_quarantine_days`).

A landed file that grew too old is replaced by its rows as core has them (kept_rows.py), so that a rebuild still has
them. It happens after a publication, under the settings that the published rows were judged with.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import duckdb

from models.contracts import CONTRACTS
from models.errors import UnreadableFileError
from models.settings import Settings
from pipelines.night.erasing.forget import registry_of, standing_erasures
from pipelines.night.generation import Generation, current_generation, folders_of
from pipelines.night.identity import key_id, workspace_key
from pipelines.night.joins import is_join
from pipelines.night.kept_rows import key_id_of, rows_file, write_rows
from pipelines.night.landing import LandedFile, read_index
from pipelines.night.ledger import KnownLoad, accepted_loads
from pipelines.night.load import Load
from pipelines.night.operator import Target
from pipelines.night.orders import FileKey, orders_for
from pipelines.night.plan import readings_by_file, source_of
from pipelines.night.preview import judge_file, judging
from pipelines.night.publication import read_publication
from pipelines.night.replays import hold_back, leave_out_forgotten
from pipelines.night.whole_file import sync
from pipelines.night.workspace import Workspace
from sql.quoting import literal
from sql.warehouse import attach, connect, open_published

_SHA256_LENGTH = 64


@dataclass(frozen=True)
class _Due:
    """What is too old tonight: files to be replaced by their rows, and files that no load needs."""

    loads: tuple[KnownLoad, ...] = ()
    strays: tuple[Path, ...] = ()


def is_due(workspace: Workspace, settings: Settings, at: datetime) -> bool:
    """Whether a landed file is older than the settings allow; cheap when they allow any age."""
    return _due(workspace, settings, at) != _Due()


def retire_landed(workspace: Workspace, settings: Settings, at: datetime) -> list[str]:
    """Replaces old landed files by their rows and removes those that nothing needs; notes for people."""
    due, published = _due(workspace, settings, at), current_generation(workspace)
    if due == _Due() or published is None:
        return []
    days = settings.privacy.keep_landed_days
    try:
        replaced = _replace(workspace, settings, published, due.loads)
        for path in due.strays:
            path.unlink()
        sync(workspace.landed)
    except (OSError, duckdb.Error) as error:  # what was published stands, so the night did not fail
        return [f"Landed files older than {days} days are still there: {error}. The next night tries again."]
    counted = [(len(replaced), "replaced by their rows"), (len(due.strays), "removed")]
    told = " and ".join(f"{number:,} were {what}" for number, what in counted if number)
    return [f"Of the landed files older than {days} days {told} (privacy.keep_landed_days)."] if told else []


def reduced_readings(workspace: Workspace) -> frozenset[FileKey]:
    """What is there as rows only and needs no copy of its file, should the inbox still have it.

    A file is copied again when somebody is to be forgotten, when its rows are to be judged again, and under another key.
    """
    published = current_generation(workspace)
    if published is None or not any(workspace.landed.glob("*.parquet")) or standing_erasures(workspace).waiting:
        return frozenset()
    known = read_publication(published)[1]
    pending = orders_for(workspace.operator_store, published, readings_by_file(known, ())).pending
    wanted = {(one.source, one.entity, one.file_sha256, one.object) for order in pending for one in order.targets}
    key = key_id(workspace_key(workspace.secret_key, os.environ))
    found = {load.key for load in accepted_loads(known) if load.key not in wanted}
    return frozenset(name for name in found if is_reduced(workspace, name) and _is_under(workspace, name, key))


def is_reduced(workspace: Workspace, key: FileKey) -> bool:
    """Whether only the rows of a landed file are left."""
    return not (workspace.landed / key[2]).is_file() and rows_file(workspace.landed, key).is_file()


def _is_under(workspace: Workspace, name: FileKey, key: str) -> bool:
    return key_id_of(rows_file(workspace.landed, name)) == key


def _due(workspace: Workspace, settings: Settings, at: datetime) -> _Due:
    days, published = settings.privacy.keep_landed_days, current_generation(workspace)
    if days is None or published is None or standing_erasures(workspace).waiting:
        return _Due()
    before = at - timedelta(days=days)
    known = read_publication(published)[1]
    old = {sha256 for sha256 in _landed_before(published, before) if (workspace.landed / sha256).is_file()}
    accepted = [load for load in accepted_loads(known) if load.sha256 in old]
    needed = {load.sha256 for load in known if is_join(load.entity) or not _is_read(workspace, settings, load)}
    loads = tuple(load for load in accepted if load.sha256 not in needed)
    strays = _strays(workspace, old - {load.sha256 for load in accepted}, before)
    return _Due(loads, tuple(strays))


def _is_read(workspace: Workspace, settings: Settings, load: KnownLoad) -> bool:
    """Rows of a source that the settings no longer name cannot be judged, and it may be named again."""
    if load.status != "accepted":
        return True
    return source_of(settings, workspace.home, load.source, load.entity, load.object) is not None


def _landed_before(published: Generation, before: datetime) -> list[str]:
    with open_published(published.crm) as connection:
        rows = connection.execute(
            "select file_sha256 from ops.load where status in ('accepted', 'refused') group by all having max(landed_at) < ?",
            [before],
        ).fetchall()
    return [sha256 for (sha256,) in rows]


def _strays(workspace: Workspace, refused: set[str], before: datetime) -> Iterator[Path]:
    """Copies that stand behind nothing: of files that were refused and are gone, or that no kept generation knows."""
    waiting = {str(entry[3]) for path, entry in read_index(workspace.inbox_index).items() if Path(path).exists()}
    waiting |= {str(entry[3]) for entry in read_index(workspace.object_index).values()}
    pages = " ".join(path.read_text(encoding="utf-8") for path in workspace.fetched.rglob("*.json"))
    loads = [load for folder in folders_of(workspace) for load in read_publication(Generation(folder))[1]]
    known, accepted = {load.sha256 for load in loads}, {load.sha256 for load in accepted_loads(loads)}
    for path in sorted(workspace.landed.iterdir()):
        if len(path.name) != _SHA256_LENGTH or path.name in waiting or path.name in pages:
            continue
        is_old = path.name not in known and path.stat().st_mtime < before.timestamp()
        if (path.name in refused and path.name not in accepted) or is_old:
            yield path


def _replace(workspace: Workspace, settings: Settings, published: Generation, loads: tuple[KnownLoad, ...]) -> set[str]:
    """The hashes of the files that are gone. All readings of a file are written before it goes."""
    known = read_publication(published)[1]
    dismissed = orders_for(workspace.operator_store, published, readings_by_file(known, ())).dismissed
    registry, key = registry_of(workspace), key_id(workspace_key(workspace.secret_key, os.environ))
    forgotten = registry.forgotten_since() if registry is not None else {}
    broken: set[str] = set()
    with judging(workspace, settings, published) as (connection, scratch):
        for load in loads:
            source = source_of(settings, workspace.home, load.source, load.entity, load.object)
            assert source is not None and load.load_number is not None
            target = Target(load.source, load.entity, load.sha256, load.file_name, None, load.object)
            try:
                result = judge_file(connection, workspace, settings, source, target, scratch, load.load_number)
            except UnreadableFileError:
                broken.add(load.sha256)  # it stays, and the next rebuild says what is wrong with it
                continue
            file = LandedFile(load.source, load.entity, load.file_name, load.sha256, 0, object=load.object)
            read = Load(file, source, load.load_id, load.load_number, False, "")
            result = hold_back(connection, read, result, dismissed.lines_of(load.key))
            leave_out_forgotten(connection, read, result, forgotten)
            write_rows(connection, CONTRACTS[load.entity], rows_file(workspace.landed, load.key), key)
    sync(workspace.landed)
    gone = {load.sha256 for load in loads} - broken
    for sha256 in gone:
        (workspace.landed / sha256).unlink()
    return gone


def expire_rejected(connection: duckdb.DuckDBPyConnection, settings: Settings, at: datetime) -> int:
    """Takes rows as they came out of private.duckdb, and what was found in them out of quarantine.rejected, once their
    file landed too long ago; how many rows went."""
    days = settings.privacy.keep_quarantine_days
    if days is None:
        return 0
    old = "load_id in (select load_id from ops.load where landed_at < ?)"
    before = at - timedelta(days=days)
    connection.execute(f"update quarantine.rejected set excerpt = '' where excerpt <> '' and {old}", [before])
    gone = connection.execute(f"delete from private.quarantined_row where {old}", [before]).fetchone()
    return int(gone[0]) if gone else 0


def write_anew(database: Path) -> None:
    """The closed database in a new file: DuckDB leaves deleted rows readable in the old one."""
    aside = database.with_name(f"{database.name}.anew")
    with connect() as connection:
        connection.execute(f"attach {literal(str(database))} as old (read_only)")
        attach(connection, "anew", aside, owner_only=True)
        connection.execute("copy from database old to anew")
        connection.execute("checkpoint anew")
    aside.replace(database)
