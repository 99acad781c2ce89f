"""What the evidence of a mart must keep, so that `touchline explain` can list and add up its records."""

from __future__ import annotations

from collections.abc import Mapping

from models.errors import CatalogueError, nearest
from models.tables import Evidence, TableSpec
from sql.queries import parse_query

_PUBLISHED = ("core", "marts")


def check_evidence(spec: TableSpec, evidence: Evidence, where: str, known: Mapping[str, TableSpec]) -> None:
    """Reads published tables and has the whole grain. Raises CatalogueError naming `where`.

    That every column resolves is asked of DuckDB, once, by `make check` (`evidence.bind_evidence`).
    """
    query = parse_query(evidence.sql, where)
    for table in sorted(query.reads):
        _check_table(table, where, known)
    if query.reads_previous:
        raise CatalogueError(
            f"{where} reads previous.{min(query.reads_previous)}, which a published file does not hold",
            f"Read {min(query.reads_previous)} itself.",
        )
    missing = [name for name in spec.grain if name not in query.columns]
    if missing:
        raise CatalogueError(
            f"{where} does not say to which row of {spec.table} a record belongs: it has no {', '.join(missing)}."
            f"{nearest(missing[0], query.columns)}",
            f"Select every column of the grain: {', '.join(spec.grain)}.",
        )
    twice = sorted({name for name in query.columns if query.columns.count(name) > 1})
    if twice:
        raise CatalogueError(f"{where} makes two columns called {', '.join(twice)}", "Give each its own name.")


def _check_table(table: str, where: str, known: Mapping[str, TableSpec]) -> None:
    if table not in known:
        raise CatalogueError(
            f"{where} reads {table}, which is no table of the catalogue.{nearest(table, known)}", "Mend the name."
        )
    if table.split(".")[0] not in _PUBLISHED:
        raise CatalogueError(
            f"{where} reads {table}: evidence is looked for in the published file, long after the night",
            f"Read tables of {' and '.join(_PUBLISHED)} only.",
        )
