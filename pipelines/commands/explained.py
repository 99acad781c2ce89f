"""What stands behind one published row: the row itself, the records of its evidence, and whether they add up to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from models.errors import UsageError, nearest
from models.tables import Evidence, Metric, TableSpec
from pipelines.commands.fetching import Rows, fetch
from sql.evidence import RECORDS, records_of, row_of, sums_of
from sql.metrics import DeclaredMetric, naming_column, parts_of
from sql.quoting import identifier, qualified

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Sum:
    """A figure of the row, and what its records add up to."""

    column: str
    published: Any
    found: Any

    @property
    def is_as_published(self) -> bool:
        """Equal, or both NULL."""
        return bool(self.published == self.found)


@dataclass(frozen=True)
class Listing:
    """The records of one evidence: all are added up, the first of them listed."""

    evidence: Evidence
    records: Rows
    count: int
    sums: tuple[Sum, ...]


@dataclass(frozen=True)
class Explanation:
    """One published row, the metrics that speak of it, and what stands behind it."""

    spec: TableSpec
    row: Mapping[str, Any]
    wanted: tuple[str, ...]
    """The columns that were asked for: all that are no key, or a metric and its parts."""
    metrics: Mapping[str, Metric]
    listings: tuple[Listing, ...]

    @property
    def key(self) -> dict[str, Any]:
        """The row's grain."""
        return {name: self.row[name] for name in self.spec.grain}

    @property
    def differing(self) -> tuple[Sum, ...]:
        """The figures that their records do not add up to."""
        return tuple(one for listing in self.listings for one in listing.sums if not one.is_as_published)


def columns_of(metric: str, spec: TableSpec, declared: Mapping[str, DeclaredMetric]) -> tuple[str, ...]:
    """The columns that a metric asks for: itself and its parts. UsageError for one that nothing stands behind."""
    columns = [column.name for column in spec.columns]
    known = declared.get(metric)
    parts = parts_of(known.metric, spec) if known is not None else ()
    behind = {name for evidence in spec.evidence for name in evidence.explains}
    if metric in columns and behind & {metric, *parts}:
        return (metric, *(part for part in parts if part != metric))
    listed = ", ".join(name for name in columns if name in behind)
    what = "no records stand behind" if metric in columns else "there is no column"
    raise UsageError(
        f"{what} '{metric}' of {spec.table}.{nearest(metric, columns)}", f"Records stand behind these: {listed}."
    )


def explain_row(
    connection: duckdb.DuckDBPyConnection,
    spec: TableSpec,
    key: Mapping[str, str],
    metric: str | None,
    declared: Mapping[str, DeclaredMetric],
    limit: int,
) -> Explanation | None:
    """Finds the row and its records; None when no such row is published. `key` names the whole grain."""
    values = [key[name] for name in spec.grain]
    found = fetch(connection, row_of(spec), values)
    if not found:
        return None
    row = found[0]
    named = metric is not None and naming_column(metric, spec) is not None
    figures = tuple(name for name in row if name not in spec.grain)
    wanted = figures if metric is None or named else columns_of(metric, spec, declared)
    listings = tuple(
        _listing(connection, spec, evidence, row, values, wanted, limit)
        for evidence in spec.evidence
        if _stands_behind(evidence, row, wanted)
    )
    return Explanation(spec, row, wanted, _metrics_of(row, spec, wanted, declared), listings)


def rows_like(connection: duckdb.DuckDBPyConnection, spec: TableSpec, key: Mapping[str, str], limit: int) -> Rows:
    """Keys of published rows nearest to this one: sharing most of it, then by days and words; the newest of equals."""
    types = {column.name: column.type for column in spec.columns}
    equal = [f"({identifier(name)} is not distinct from try_cast(? as {types[name]}))::integer" for name in key]
    near = [
        f"abs(datediff('day', {identifier(name)}, try_cast(? as date)))"
        if types[name] == "DATE"
        else f"-jaro_winkler_similarity({identifier(name)}::varchar, ?)"
        for name in key
    ]
    grain = [identifier(name) for name in spec.grain]
    newest = [f"{identifier(name)} desc" for name in spec.grain if types[name] == "DATE"]
    order = ", ".join([*([f"{' + '.join(equal)} desc"] if equal else []), *near, *newest, *grain])
    return fetch(
        connection,
        f"select {', '.join(grain)} from {qualified(spec.table)} order by {order} limit {limit:d}",
        [*key.values(), *key.values()],
    )


def _listing(
    connection: duckdb.DuckDBPyConnection,
    spec: TableSpec,
    evidence: Evidence,
    row: Mapping[str, Any],
    key: list[str],
    wanted: tuple[str, ...],
    limit: int,
) -> Listing:
    (summed,) = fetch(connection, sums_of(spec, evidence, wanted), key)
    sums = [Sum(name, row[name], summed[name]) for name in evidence.adds_up_to if name in wanted]
    records = fetch(connection, records_of(spec, evidence, wanted, limit), key)
    return Listing(evidence, records, summed[RECORDS], tuple(sums))


def _stands_behind(evidence: Evidence, row: Mapping[str, Any], wanted: tuple[str, ...]) -> bool:
    is_of_the_row = all(str(row[name]) in values for name, values in evidence.rows.items())
    return is_of_the_row and not set(evidence.explains).isdisjoint(wanted)


def _metrics_of(
    row: Mapping[str, Any], spec: TableSpec, wanted: tuple[str, ...], declared: Mapping[str, DeclaredMetric]
) -> dict[str, Metric]:
    """The metrics among the columns, and the one that a long table names in its key."""
    named = [str(row[name]) for name in spec.grain if naming_column(str(row[name]), spec) == name]
    return {name: declared[name].metric for name in (*named, *wanted) if name in declared}
