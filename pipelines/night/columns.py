"""ops.source_column: which columns each source's files had, what reads them, and what became of them.

A full build asks every load again and so writes the same table anew; what is told of a column is told once, of the new
load that changed it. What does not belong here: reading the files, and how a column is guessed by its name
(`pipelines.sources.column_advice`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import astuple, dataclass, field, fields

import duckdb

from data_quality.quarantine import visible
from models.mapping import FileFormat
from models.personal import masked
from models.settings import Source
from pipelines.night.ingest import FileResult
from pipelines.night.joins import columns_taken, is_join, join_spec
from pipelines.sources.column_advice import fields_fed
from pipelines.sources.reading.formats import detect_format

Family = tuple[str, str, str]
"""Source, entity, and the CRM's object or ''."""
_WITH_A_HEADER = (FileFormat.CSV, FileFormat.TSV, FileFormat.PARQUET, FileFormat.XLSX)
"""Records of the other formats leave out keys that are blank, so that a key which is not there says nothing."""
_READ, _KEPT, _MISSING = "read", "kept", "missing"


@dataclass
class KnownColumn:
    """A row of ops.source_column, in its order."""

    source: str
    entity: str
    object: str
    column_name: str
    state: str
    feeds: str | None = None
    looks_like: str | None = None
    proposal: str | None = None
    first_load_id: str | None = None
    last_load_id: str | None = None
    missing_load_id: str | None = None
    rows_not_supplied: int = 0


@dataclass(frozen=True)
class Change:
    """What a load changed: columns that nothing reads and that were never seen, columns that it no longer has; and those
    that it has and that are read."""

    new: dict[str, KnownColumn]
    gone: list[KnownColumn]
    read: frozenset[str]
    is_first_night: bool


@dataclass
class Columns:
    """Every column that was ever looked for or found, by family and name."""

    known: dict[Family, dict[str, KnownColumn]] = field(default_factory=dict)
    advised: dict[tuple[str, ...], KnownColumn] = field(default_factory=dict)
    """In a full build what the last good night proposed: loads that are read again are not judged anew."""
    _feeds: dict[Family, dict[str, tuple[str, ...]]] = field(default_factory=dict)
    _begun: set[Family] = field(default_factory=set)
    """Families of which no load was accepted before tonight."""
    _carried: set[Family] = field(default_factory=set)

    def carry(self, family: Family) -> None:
        """A full build takes over what the last good night wrote of a family: one of its files is gone, and the rows kept
        in its place (kept_rows.py) do not say which columns it had."""
        self._carried.add(family)
        self.known[family] = {one.column_name: one for key, one in self.advised.items() if key[:3] == family}

    def see(self, source: Source, entity: str, name: str, load_id: str, result: FileResult, *, is_new: bool) -> Change:
        """Writes down the columns of one load; what is to be told of it is empty for one that is only read again."""
        family = (source.name, entity, source.object)
        if family in self._carried and not is_new:
            return Change({}, [], frozenset(), False)
        known = self.known.setdefault(family, {})
        if is_new and not known:
            self._begun.add(family)
        feeds = self._feeds.get(family) or _fed(source, entity, result)
        if source.kind == "mapped":
            self._feeds[family] = feeds
        new = {}
        for column in result.unnamed:
            one = known.get(shown(column))
            if one is None:
                one = known[shown(column)] = new[column] = KnownColumn(
                    *family, shown(column), _KEPT, first_load_id=load_id
                )
            one.last_load_id = load_id
        for column, found in result.matched.items():
            _look_for(known.setdefault(column, KnownColumn(*family, column, _MISSING)), feeds[column], found, load_id)
        read_as = join_spec(source, entity).read if is_join(entity) else source.read
        has_header = detect_format(name, read_as)[0] in _WITH_A_HEADER
        gone = list(_without(known, result, load_id)) if has_header else []
        read = frozenset(column for column, found in result.matched.items() if found is not None)
        return Change(new, gone, read, family in self._begun) if is_new else Change({}, [], read, False)

    def write(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Replaces ops.source_column."""
        for known in self.known.values():
            self._advise_again(known.values())
        rows = [astuple(one) for known in self.known.values() for one in known.values()]
        connection.execute("delete from ops.source_column")
        if rows:
            columns = list(zip(*sorted(rows, key=lambda row: row[:4]), strict=True))
            unnested = ", ".join("unnest(?)" for _ in columns)
            connection.execute(f"insert into ops.source_column select {unnested}", [list(column) for column in columns])

    def _advise_again(self, columns: Collection[KnownColumn]) -> None:
        """What was proposed stands until a column feeds that field."""
        fed = {field for one in columns if one.state == _READ for field in (one.feeds or "").split(", ")}
        for one in columns:
            before = self.advised.get(astuple(one)[:4])
            if one.state == _KEPT and one.proposal is None and before is not None:
                one.looks_like, one.proposal = before.looks_like, before.proposal
            if one.looks_like is not None and fed.issuperset(one.looks_like.split(", ")):
                one.looks_like = one.proposal = None


def read_columns(connection: duckdb.DuckDBPyConnection, *, rebuilding: bool) -> Columns:
    """As the table says; for a full build only what the last good night's says should be done."""
    database = "'previous'" if rebuilding else "current_database()"
    there = connection.execute(
        "select 1 from duckdb_tables()"
        f" where database_name = {database} and schema_name = 'ops' and table_name = 'source_column'"
    ).fetchone()
    names = ", ".join(one.name for one in fields(KnownColumn))
    table = f"{'previous.' if rebuilding else ''}ops.source_column"
    rows = connection.execute(f"select {names} from {table}").fetchall() if there else []
    found = [KnownColumn(*row) for row in rows]
    if rebuilding:
        return Columns(advised={astuple(one)[:4]: one for one in found})
    columns = Columns()
    for one in found:
        columns.known.setdefault((one.source, one.entity, one.object), {})[one.column_name] = one
    return columns


def shown(column: str) -> str:
    """A file's column as crm.duckdb may hold it: the first line of a file without a header may name anybody."""
    return visible(masked(column))


def _fed(source: Source, entity: str, result: FileResult) -> dict[str, tuple[str, ...]]:
    """The fields that each column feeds; a canonical file's column is called like its own."""
    if is_join(entity):
        return columns_taken(source, entity)
    return fields_fed(source.mapping()) if source.kind == "mapped" else {name: (name,) for name in result.matched}


def _look_for(one: KnownColumn, feeds: tuple[str, ...], found: str | None, load_id: str) -> None:
    one.feeds = ", ".join(feeds) or None
    if found is None:
        return
    one.state, one.looks_like, one.proposal = _READ, None, None
    one.first_load_id, one.last_load_id = one.first_load_id or load_id, load_id


def _without(known: Mapping[str, KnownColumn], result: FileResult, load_id: str) -> Iterator[KnownColumn]:
    """Counts the rows of a load without a column that is read; yields those that a file lacks for the first time."""
    for one in known.values():
        if one.state == _KEPT or result.matched.get(one.column_name) is not None:
            continue
        one.state = _MISSING
        one.rows_not_supplied += result.row_count
        if one.missing_load_id is None and one.first_load_id is not None:
            one.missing_load_id = load_id
            yield one
