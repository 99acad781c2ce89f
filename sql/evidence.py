"""Evidence as statements over the published file: the records behind one row of a mart, and what they add up to.

What the records are is said in the mart's YAML (`evidence:`); who asks for them is `touchline explain`. Values of a
row's key are always bound, in the order of the grain.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from models.errors import CatalogueError
from models.tables import Evidence, TableSpec
from sql.queries import rows_counted
from sql.quoting import identifier, literal, qualified

if TYPE_CHECKING:
    import duckdb

RECORDS = "records found"
"""The column of `sums_of` that counts the records; no column of a mart is called so."""


def row_of(spec: TableSpec) -> str:
    """The SELECT of one published row, every column in its order."""
    columns = ", ".join(identifier(column.name) for column in spec.columns)
    return f"select {columns} from {qualified(spec.table)} where {_is_the_row(spec)}"


def records_of(spec: TableSpec, evidence: Evidence, columns: Collection[str], limit: int) -> str:
    """The SELECT of the first records behind these columns of one row, without the grain that they share."""
    grain = ", ".join(identifier(name) for name in spec.grain)
    return (
        f"select * exclude ({grain}) from ({_select(evidence)}\n) as evidence"
        f" where {_is_the_row(spec)} and ({_counted(evidence, columns)}) order by all limit {limit:d}"
    )


def sums_of(spec: TableSpec, evidence: Evidence, columns: Collection[str]) -> str:
    """The SELECT of how many records stand behind these columns of one row, and all that `adds_up_to` makes of them."""
    sums = ", ".join(_sums(spec, evidence))
    return (
        f"select count(*) filter (where {_counted(evidence, columns)}) as {identifier(RECORDS)}, {sums}"
        f" from ({_select(evidence)}\n) as evidence where {_is_the_row(spec)}"
    )


def disagreements(spec: TableSpec, evidence: Evidence) -> str:
    """The SELECT of all rows whose figures differ from their records: grain, then published and found, in turn.

    A row without records is compared with what the aggregates make of none; records without a row are found too.
    """
    grain = [identifier(name) for name in spec.grain]
    sums = {name: (f"published.{identifier(name)}", _found(grain[0], identifier(name))) for name in evidence.adds_up_to}
    keys = ", ".join(f"coalesce(published.{name}, summed.{name}) as {name}" for name in grain)
    pairs = ", ".join(
        f"{published} as {identifier('published_' + name)}, {found} as {identifier('found_' + name)}"
        for name, (published, found) in sums.items()
    )
    differs = " or ".join(f"{published} is distinct from {found}" for published, found in sums.values())
    return (
        f"with evidence as ({_select(evidence)}\n)"
        f", summed as (select {', '.join(grain)}, {', '.join(_sums(spec, evidence))} from evidence group by {', '.join(grain)})"
        f", nothing as (select {', '.join(_sums(spec, evidence))} from evidence where false)"
        f", published as (select * from {qualified(spec.table)} where {_is_explained(evidence)})"
        f" select {keys}, {pairs} from published full join summed using ({', '.join(grain)}) cross join nothing"
        f" where published.{grain[0]} is null or {differs} order by all"
    )


def bind_evidence(specs: Mapping[str, TableSpec], paths: Mapping[str, Path]) -> None:
    """Lets DuckDB resolve every column of every evidence against empty tables; raises CatalogueError naming the file."""
    explained = [spec for spec in specs.values() if spec.evidence]
    if not explained:
        return
    import duckdb

    with duckdb.connect() as connection:
        _make_empty_tables(connection, specs.values())
        for spec in explained:
            for evidence in spec.evidence:
                try:
                    connection.execute(f"describe {disagreements(spec, evidence)}")
                except duckdb.Error as error:
                    raise CatalogueError(
                        f"{paths[spec.table]}: evidence.{evidence.name} cannot be asked: {error}",
                        "Mend its `sql` or `adds_up_to` at the place it names.",
                    ) from None


def _make_empty_tables(connection: duckdb.DuckDBPyConnection, specs: Iterable[TableSpec]) -> None:
    kept = [spec for spec in specs if spec.schema_name != "staging"]
    statements = [f"create schema if not exists {name}" for name in sorted({spec.schema_name for spec in kept})]
    for spec in kept:
        columns = ", ".join(f"{identifier(column.name)} {column.type}" for column in spec.columns)
        statements.append(f"create table {qualified(spec.table)} ({columns})")
    connection.execute("; ".join(statements))


def _select(evidence: Evidence) -> str:
    return evidence.sql.strip().removesuffix(";")


def _sums(spec: TableSpec, evidence: Evidence) -> list[str]:
    """The aggregates under the names and in the types of the columns they are equal to."""
    types = {column.name: column.type for column in spec.columns}
    return [
        f"cast(({aggregate}) as {types[name]}) as {identifier(name)}" for name, aggregate in evidence.adds_up_to.items()
    ]


def _counted(evidence: Evidence, columns: Collection[str]) -> str:
    """Which records have a part in these columns: a call has none in e-mails, though both are activities."""
    aggregates = [aggregate for name, aggregate in evidence.adds_up_to.items() if name in columns]
    conditions = [rows_counted(aggregate, f"evidence.{evidence.name}") for aggregate in aggregates]
    if not conditions or not set(evidence.metrics).isdisjoint(columns):
        return "true"
    return " or ".join(condition or "true" for condition in dict.fromkeys(conditions))


def _found(key: str, column: str) -> str:
    return f"case when summed.{key} is null then nothing.{column} else summed.{column} end"


def _is_the_row(spec: TableSpec) -> str:
    types = {column.name: column.type for column in spec.columns}
    return " and ".join(f"{identifier(name)} = cast(? as {types[name]})" for name in spec.grain)


def _is_explained(evidence: Evidence) -> str:
    lists = {name: ", ".join(literal(value) for value in values) for name, values in evidence.rows.items()}
    return " and ".join(f"{identifier(name)} in ({values})" for name, values in lists.items()) or "true"
