"""Tonight's files into core.latest_*: read each, settle versions, account for every record.

A full build reads every accepted load again from what was landed, in landing order, before the new ones; their
accounting stays as it was judged in their own night, but for rows that are judged otherwise now.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import duckdb

from data_quality.quarantine import (
    Rejected,
    create_private_quarantine,
    show_anew,
    write_rejected,
    write_rows_as_they_came,
)
from data_quality.replay import Fate, Line, judge_again, known_lines
from models.contracts import CONTRACTS
from models.errors import TouchlineError, UnreadableFileError
from models.personal import masked
from models.settings import Settings, Source
from pipelines.night.admission import admission_of, forget_rows_as_they_came, hide_torn_lines
from pipelines.night.column_notes import Arrived, advise, column_notes
from pipelines.night.columns import Columns, read_columns
from pipelines.night.identity import (
    create_key_macros,
    create_private_tables,
    keep_extra,
    keep_identities,
    key_id,
    note_key,
)
from pipelines.night.ingest import FileResult, columns_of, create_staged_table, forget_rows, ingest_file, plan_entity
from pipelines.night.joins import build_join_tables, count_repeats, ingest_joined, is_join
from pipelines.night.kept_rows import read_kept, rows_file
from pipelines.night.landing import LandedFile
from pipelines.night.ledger import with_verdicts, write_accounting, write_load
from pipelines.night.orders import Dismissed, FileKey
from pipelines.night.outcome import LoadSummary
from pipelines.night.replays import fates_of, hold_back, leave_out_forgotten
from pipelines.night.second_header import refuse_second_header
from pipelines.night.stage_sql import EntityPlan, staged_table
from pipelines.night.winners import Verdicts, settle
from sql.records import changed_table, create_record_table, record_key_column
from sql.rows import create_table


@dataclass(frozen=True)
class Load:
    """A landed file to be read tonight; `is_new` is false for one that a full build reads again."""

    file: LandedFile
    source: Source
    load_id: str
    load_number: int
    is_new: bool
    mapping_fingerprint: str

    @property
    def key(self) -> FileKey:
        """By what orders name its file."""
        return self.file.source, self.file.entity, self.file.sha256, self.file.object


@dataclass
class Loader:
    """Reads loads into one build. One instance a night.

    `erases`: somebody is forgotten tonight. `forgotten` is by token the last load before each contact was erased. `known` are the lines of loads read again that were ever quarantined, `fates` what those are that pass now.
    """

    connection: duckdb.DuckDBPyConnection
    settings: Settings
    landed: Path
    scratch: Path
    now: datetime
    as_of: datetime
    rebuilding: bool
    is_first: bool
    dismissed: Dismissed = field(default_factory=Dismissed)
    forgotten: Mapping[str, int] = field(default_factory=dict)
    summaries: list[LoadSummary] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    fates: dict[Line, Fate] = field(default_factory=dict)
    known: dict[str, dict[int, str]] = field(default_factory=dict)
    erases: bool = False
    _key_id: str = ""
    _read: dict[int, tuple[Load, FileResult]] = field(default_factory=dict)
    _columns: Columns = field(default_factory=Columns)
    _unmapped: Counter[tuple[str, str]] = field(default_factory=Counter)

    def prepare(self, key: bytes) -> None:
        """Tables and macros that loading needs."""
        create_key_macros(self.connection, key)
        create_private_tables(self.connection)
        note_key(self.connection, key)
        self._columns = read_columns(self.connection, rebuilding=self.rebuilding)
        self._key_id = key_id(key)
        create_private_quarantine(self.connection)
        for contract in CONTRACTS.values():
            if self.rebuilding:
                create_record_table(self.connection, contract)
            create_staged_table(self.connection, contract)
            create_table(self.connection, changed_table(contract))
        self.connection.execute(
            "create or replace table staging.load_number (load_number integer, load_id varchar, first_row bigint)"
        )

    def remember_loads(self, numbers: dict[int, str]) -> None:
        """Loads of earlier nights, so that a conflict with one of them can name it."""
        for number, load_id in numbers.items():
            self.connection.execute("insert into staging.load_number values (?, ?, 0)", [number, load_id])

    def load(self, loads: list[Load], advance: Callable[[int, int], None]) -> int:
        """Reads the loads (joined sides first), settles versions and writes the accounting; rows read in all."""
        self.known = known_lines(self.connection, [load.load_id for load in loads if not load.is_new])
        for load in loads:
            if not (load.is_new or (self.landed / load.file.sha256).exists()):
                self._columns.carry((load.file.source, load.file.entity, load.file.object))
        in_order = sorted(loads, key=lambda load: (not is_join(load.file.entity), load.load_number))
        for done, load in enumerate(in_order):
            advance(done, len(in_order))
            self._read_one(load)
        advance(len(in_order), len(in_order))
        self._settle()
        self._write_quarantine()
        self._tell_unmapped()
        if self._read:
            self._columns.write(self.connection)
        return sum(result.rows_read for _, result in self._read.values())

    def drop_staged(self) -> None:
        """The rows have gone where they belong: their memory is for the tables."""
        for contract in CONTRACTS.values():
            self.connection.execute(f"drop table {staged_table(contract)}")

    def _show_anew(self) -> None:
        """Rejected rows as the redacted files have them; of torn rows about people whose file is gone nobody can tell whom
        they name."""
        show_anew(self.connection, self.rejected)
        gone = [
            load.load_id
            for load, result in self._read.values()
            if result.is_kept and load.file.entity in ("contacts", "reps", "users")
        ]
        self.connection.execute(
            "delete from private.quarantined_row where load_id in (select unnest(?::varchar[]))", [gone]
        )

    def kept(self) -> list[int]:
        """The numbers of the loads whose files are gone and whose rows stand for them."""
        return [number for number, (_, result) in self._read.items() if result.is_kept]

    def line_of(self, load_number: int, place: int) -> int:
        """The line of the file at which the load's row at this place begins."""
        return self._read[load_number][1].line_of(place)

    def _read_one(self, load: Load) -> None:
        try:
            result = self._ingest(load)
            if load.is_new and not is_join(load.file.entity):
                refuse_second_header(load.file.name, columns_of(load.source, load.file.entity), result.rejected)
        except UnreadableFileError as error:
            self._refuse(load, error)
            return
        if admission_of(load.source).is_limited:
            result = replace(result, rejected=hide_torn_lines(result.rejected))
        if not result.is_kept:  # what had been dismissed is no kept row
            result = hold_back(self.connection, load, result, self.dismissed.lines_of(load.key))
        result = leave_out_forgotten(self.connection, load, result, self.forgotten)
        if self._breaks_anew(load, result) and self._is_over_budget(load.source, result):
            self._refuse(load, self._budget_error(load, result))
            return
        self._read[load.load_number] = (load, result)
        self.rejected += result.rejected
        self._note_columns(load, result)

    def _ingest(self, load: Load) -> FileResult:
        path, name = self.landed / load.file.sha256, load.file.name
        where = (path, name, load.load_id, load.load_number, self.scratch)
        if is_join(load.file.entity):
            return ingest_joined(self.connection, load.source, load.file.entity, *where)
        plan = plan_entity(self.settings, load.source, load.file.entity)
        if load.source.joins:
            plan = replace(plan, join_tables=build_join_tables(self.connection, load.source))
        result = self._read_landed(load, plan)
        self.connection.execute(
            "insert into staging.load_number values (?, ?, ?)", [load.load_number, load.load_id, result.first_row]
        )
        return result

    def _read_landed(self, load: Load, plan: EntityPlan) -> FileResult:
        """The landed file, or the rows that stand in its place."""
        path, kept = self.landed / load.file.sha256, rows_file(self.landed, load.key)
        if not load.is_new and not path.exists():
            if not kept.exists():
                raise TouchlineError(
                    f"{path} is missing: {load.file.name} ({load.source.name}) was read from it as {load.load_id}",
                    "Restore var/landed from a backup, or put the file into the inbox again, with the same bytes.",
                )
            return read_kept(self.connection, plan.contract, kept, load.load_number, self._key_id)
        return ingest_file(self.connection, plan, path, load.file.name, load.load_id, load.load_number, self.scratch)

    def _breaks_anew(self, load: Load, result: FileResult) -> bool:
        """Whether rows are broken that were not so when the load was accepted; a new load's always are."""
        return load.is_new or any(row.line_number not in self.known.get(load.load_id, ()) for row in result.rejected)

    def _is_over_budget(self, source: Source, result: FileResult) -> bool:
        quality = self.settings.quality
        share = quality.max_quarantined_share if source.max_quarantined_share is None else source.max_quarantined_share
        return (
            result.rows_quarantined >= quality.min_quarantined_rows
            and result.rows_quarantined > share * result.rows_read
        )

    def _budget_error(self, load: Load, result: FileResult) -> UnreadableFileError:
        rules = Counter(f"{row.field or 'record'}: {row.rule}" for row in result.rejected).most_common(3)
        most = "; ".join(f"{rule} ({count} rows)" for rule, count in rules)
        example = result.rejected[0]
        return UnreadableFileError(
            "over_budget",
            f"{result.rows_quarantined} of {result.rows_read} rows are broken, most by {most};"
            f" first at line {example.line_number}: {example.message} (found {example.found[:60]!r})",
            "Mend the mapping or the file, or raise max_quarantined_share of this source.",
        )

    def _refuse(self, load: Load, error: UnreadableFileError) -> None:
        if not load.is_new:
            raise TouchlineError(
                f"{load.file.name} ({load.source.name}) was accepted as {load.load_id} and no longer reads: {error.what}",
                "Undo the change of its mapping, or mend it; the last good night stays published.",
            )
        if not is_join(load.file.entity):
            forget_rows(self.connection, CONTRACTS[load.file.entity], load.load_number)
        self.connection.execute("delete from staging.load_number where load_number = ?", [load.load_number])
        summary = LoadSummary(
            load.load_id,
            load.source.name,
            load.file.entity,
            load.file.name,
            "refused",
            masked(f"{error.rule}: {error.what}"),
            masked(error.remedy),
        )
        self.summaries.append(summary)
        write_load(self.connection, summary, load.file, None, load.mapping_fingerprint, self.now, self.as_of)

    def _note_columns(self, load: Load, result: FileResult) -> None:
        """A column that nothing names, or that is gone, is told once, then kept quietly."""
        source, entity = load.source, load.file.entity
        change = self._columns.see(source, entity, load.file.name, load.load_id, result, is_new=load.is_new)
        arrived = Arrived(source, entity, load.file.name, load.load_number)
        if change.new:
            advise(self.connection, self.settings, arrived, change)
        if change.new or change.gone:
            self.notes += column_notes(arrived, change)
        if source.object and change.is_first_night:
            self._unmapped[source.name, source.object] += len(change.new)

    def _tell_unmapped(self) -> None:
        """One line a CRM's source: its mappings leave most columns aside, as they should."""
        by_source: dict[str, list[str]] = {}
        for (source, name), count in (+self._unmapped).items():
            by_source.setdefault(source, []).append(f"{name} ({count})")
        for source, objects in by_source.items():
            self.notes.append(
                f"{source}: columns that its mappings do not read are kept in private.duckdb only: {', '.join(objects)}."
                " A copy of a mapping can read more: `mappings:` in docs/sources.md."
            )

    def _settle(self) -> None:
        changed_from = self._changed_from()
        verdicts: dict[str, Verdicts] = {}
        for entity in dict.fromkeys(load.file.entity for load, _ in self._read.values()):
            if is_join(entity):
                self.fates |= fates_of(self.connection, entity, self._passing(entity), is_contested=True)
                continue
            contract = CONTRACTS[entity]
            verdicts[entity] = settle(self.connection, contract, changed_from)
            contested = verdicts[entity].is_contested
            self.fates |= fates_of(self.connection, entity, self._passing(entity), contested)
            keep_extra(self.connection, entity, record_key_column(contract))
        if "contacts" in verdicts:
            keep_identities(self.connection)
        for number, (load, result) in self._read.items():
            if load.is_new:
                self._account(load, result, *self._verdict(load, number, verdicts))

    def _changed_from(self) -> int | None:
        """In a rebuild the winners of earlier loads are no changes; on a first night nothing is."""
        if self.is_first:
            return None
        new = [number for number, (load, _) in self._read.items() if load.is_new]
        return min(new, default=None) if self.rebuilding else 0

    def _verdict(self, load: Load, number: int, verdicts: dict[str, Verdicts]) -> tuple[int, int]:
        if is_join(load.file.entity):
            return count_repeats(self.connection, load.source.name, load.file.entity).get(number, 0), 0
        judged = verdicts[load.file.entity]
        return judged.duplicate[number], judged.superseded[number]

    def _account(self, load: Load, result: FileResult, duplicate: int, superseded: int) -> None:
        summary = LoadSummary(
            load.load_id, load.source.name, load.file.entity, load.file.name, "accepted",
            rows_read=result.rows_read, rows_quarantined=result.rows_quarantined, rows_ignored=result.rows_ignored,
            rows_erased=result.rows_erased,
        )  # fmt: skip
        summary = with_verdicts(summary, result.rows_valid, duplicate, superseded)
        self.summaries.append(summary)
        write_load(
            self.connection, summary, load.file, load.load_number, load.mapping_fingerprint, self.now, self.as_of
        )
        write_accounting(self.connection, summary, load.file, self.now, self.as_of)

    def _passing(self, entity: str) -> dict[int, tuple[Load, FileResult, list[int]]]:
        """By load number, the lines of loads read again that stood in quarantine and break no rule now."""
        passing = {}
        for number, (load, result) in self._read.items():
            judged = load.file.entity == entity and not result.is_kept
            stood = self.known.get(load.load_id, {}) if judged else {}
            broken = {row.line_number for row in result.rejected} | self.dismissed.lines_of(load.key)
            lines = [line for line, state in stood.items() if state in ("standing", "circle") and line not in broken]
            if lines:
                passing[number] = (load, result, lines)
        return passing

    def _write_quarantine(self) -> None:
        if self.erases:
            self._show_anew()
        write_rejected(self.connection, self.rejected)
        self._write_limited_rows()
        again = {load.load_id for load, _ in self._read.values() if not load.is_new}
        rejected = [row for row in self.rejected if row.load_id in again]
        passed = {line: fate for line, fate in self.fates.items() if self.known[line[0]][line[1]] == "standing"}
        left, entered = judge_again(self.connection, self.known, rejected, passed, self.now)
        if left:
            self.notes.append(f"{left:,} rows that stood in quarantine pass now.")
        if entered:
            self.notes.append(
                f"{entered:,} rows that had passed break a rule under the present settings and are quarantined:"
                " touchline quarantine list"
            )

    def _write_limited_rows(self) -> None:
        """Rows as they came, without columns that may no longer enter: earlier nights may have kept those."""
        loads = [load for load, _ in self._read.values() if not load.is_new and admission_of(load.source).is_limited]
        if loads:
            ids = {load.load_id for load in loads}
            forget_rows_as_they_came(self.connection, ids)
            write_rows_as_they_came(self.connection, [row for row in self.rejected if row.load_id in ids])
