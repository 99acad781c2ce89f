"""The ledger (ops.load): which landed files are new, and what became of every file that was seen.

A file is known by (source, entity, sha256 of its bytes) and, since two objects of a CRM may be read from one page, by
the object: its name does not matter. A refused file is tried again when the reading settings of its source change, or
when its name ends otherwise: "rename it to .xlsx" is what some refusals advise.
"""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePosixPath

import duckdb

from models.settings import Settings, Source
from pipelines.night.landing import COMPRESSIONS, LandedFile
from pipelines.night.orders import FileKey, object_sql
from pipelines.night.outcome import LoadSummary


@dataclass(frozen=True)
class KnownLoad:
    """A row of ops.load."""

    load_id: str
    source: str
    entity: str
    file_name: str
    sha256: str
    status: str
    reason: str | None
    remedy: str | None
    load_number: int | None
    mapping_fingerprint: str | None
    object: str = ""

    @property
    def key(self) -> FileKey:
        """By what its file is known."""
        return self.source, self.entity, self.sha256, self.object


@dataclass(frozen=True)
class Sorted:
    """Tonight's inbox, sorted: `new` must be read; `repeated` are known bytes under another name; `standing` are files refused before that are still there."""

    new: tuple[LandedFile, ...]
    repeated: tuple[tuple[LandedFile, str], ...]
    deferred: tuple[LandedFile, ...]
    standing: tuple[LoadSummary, ...]


def read_ledger(connection: duckdb.DuckDBPyConnection) -> list[KnownLoad]:
    """Every load that was ever seen, oldest first; a file of an earlier version knows no objects."""
    return [
        KnownLoad(*row)
        for row in connection.execute(
            f"""
            select load_id, source, entity, file_name, file_sha256, status, reason, remedy, load_number, mapping_fingerprint,
                {object_sql(connection)}
            from ops.load as load order by load_id
            """
        ).fetchall()
    ]


def accepted_loads(known: Iterable[KnownLoad]) -> list[KnownLoad]:
    """The loads whose rows stand in core, in landing order."""
    return sorted((load for load in known if load.status == "accepted"), key=lambda load: load.load_number or 0)


def mapping_fingerprint(settings: Settings, source: Source) -> str:
    """Hash of all that decides how a source's files are read and judged."""
    decisive = source.model_dump_json(exclude={"path"}) + settings.company.timezone + settings.quality.model_dump_json()
    return hashlib.sha256(decisive.encode()).hexdigest()[:16]


def sort_inbox(
    landed: Iterable[LandedFile],
    known: Iterable[KnownLoad],
    fingerprints: dict[tuple[str, str, str], str],
    dismissed: Container[FileKey] = (),
    again: Container[FileKey] = (),
) -> Sorted:
    """Decides for each landed file whether it is new. `fingerprints` are by (source, entity, object).

    Files that somebody dismissed are left out; those to be taken `again` are read though nothing changed.
    """
    loads = list(known)
    accepted = {load.key: load.load_id for load in loads if load.status == "accepted"}
    refused = {
        (load.source, load.entity, load.sha256, load.object, _ending(load.file_name), load.mapping_fingerprint): load
        for load in loads
        if load.status == "refused"
    }
    names = {
        (load.source, load.entity, load.sha256, load.object, load.file_name)
        for load in loads
        if load.status != "deferred"
    }
    new: dict[tuple[str, str, str, str, str], LandedFile] = {}
    repeated, deferred, standing = [], [], []
    for file in landed:
        key = (file.source, file.entity, file.sha256, file.object)
        read_as = (*key, _ending(file.name))
        judged = refused.get((*read_as, fingerprints.get((file.source, file.entity, file.object))))
        if file.deferred is not None:
            deferred.append(file)
        elif key in accepted:
            if (*key, file.name) not in names:
                repeated.append((file, accepted[key]))
        elif key in dismissed:
            continue
        elif judged is not None and key not in again:
            standing.append(_still_refused(file, judged))
        elif read_as in new:
            repeated.append((file, new[read_as].name))
        else:
            new[read_as] = file
    return Sorted(tuple(new.values()), tuple(repeated), tuple(deferred), tuple(standing))


def _ending(name: str) -> str:
    """What a file's name says it is: `.csv`, `.csv.gz`."""
    path = PurePosixPath(name.lower())
    return PurePosixPath(path.stem).suffix + path.suffix if path.suffix in COMPRESSIONS else path.suffix


def _still_refused(file: LandedFile, load: KnownLoad) -> LoadSummary:
    return LoadSummary(load.load_id, file.source, file.entity, file.name, "refused", load.reason, load.remedy)


def repeated_summary(file: LandedFile, load_id: str, same_as: str) -> LoadSummary:
    """The summary of a file whose bytes are known."""
    reason = f"same bytes as {same_as}: nothing to add; a correction back needs a newer updated_at"
    return LoadSummary(load_id, file.source, file.entity, file.name, "duplicate", reason)


def deferred_summary(file: LandedFile, load_id: str) -> LoadSummary:
    """The summary of a file that could not be taken tonight."""
    return LoadSummary(
        load_id, file.source, file.entity, file.name, "deferred", file.deferred, "The next night takes it."
    )


def write_load(
    connection: duckdb.DuckDBPyConnection,
    summary: LoadSummary,
    file: LandedFile,
    load_number: int | None,
    fingerprint: str | None,
    now: datetime,
    as_of: datetime,
) -> None:
    """One row of ops.load."""
    connection.execute(
        "insert into ops.load values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, null, null, ?)",
        [
            summary.load_id, summary.source, summary.entity, summary.file_name, file.sha256, file.size, summary.status,
            summary.reason, summary.remedy, load_number, fingerprint, now, as_of, file.object or None,
        ],
    )  # fmt: skip


def write_accounting(
    connection: duckdb.DuckDBPyConnection, summary: LoadSummary, file: LandedFile, now: datetime, as_of: datetime
) -> None:
    """One row of ops.load_accounting."""
    connection.execute(
        "insert into ops.load_accounting values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            summary.load_id, summary.source, summary.entity, summary.file_name, file.sha256, summary.rows_read,
            summary.rows_accepted, summary.rows_duplicate, summary.rows_superseded, summary.rows_quarantined,
            summary.rows_ignored, summary.rows_erased, as_of, now,
        ],
    )  # fmt: skip


def with_verdicts(summary: LoadSummary, valid: int, duplicate: int, superseded: int) -> LoadSummary:
    """The summary once versions were compared."""
    return replace(
        summary, rows_accepted=valid - duplicate - superseded, rows_duplicate=duplicate, rows_superseded=superseded
    )
