"""One factory for all tables: what the YAML and the SQL say becomes asset specs and check specs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

import dagster as dg

from models.tables import Severity, TableSpec
from sql.catalog import Catalogue

PUBLICATION = "ops.publication"
_NOT_PUBLISHED = ("staging", "previous", "private")


@dataclass(frozen=True)
class NightTables:
    """All that one night makes, as Dagster sees it."""

    specs: tuple[dg.AssetSpec, ...]
    check_specs: tuple[dg.AssetCheckSpec, ...]
    severities: Mapping[dg.AssetCheckKey, dg.AssetCheckSeverity]

    @property
    def names(self) -> frozenset[str]:
        """The tables' names, such as `marts.rep_activity_daily`."""
        return frozenset(name_of(spec.key) for spec in self.specs)


def key_of(table: str) -> dg.AssetKey:
    """The asset key of `schema.table`."""
    return dg.AssetKey(table.split("."))


def name_of(key: dg.AssetKey) -> str:
    """The table of an asset key."""
    return ".".join(key.path)


def landing_key(source: str) -> dg.AssetKey:
    """The asset key of what a source delivered."""
    return dg.AssetKey(["landing", source])


def night_tables(catalogue: Catalogue, sources: Iterable[str]) -> NightTables:
    """Every published table of the catalogue, the tables that ingestion makes for them, and the publication."""
    upstream = _published_upstream(catalogue)
    declared = {name: model.spec for name, model in catalogue.models.items() if not _is_scratch(name)}
    made = {name for name in declared if name != PUBLICATION}
    ingested = sorted({name for table in made for name in upstream[table]} - made)
    landed = [landing_key(source) for source in sources]
    specs = [
        *(_ingested_spec(name, landed) for name in ingested),
        *(_table_spec(declared[name], upstream[name]) for name in sorted(made)),
        _publication_spec([*ingested, *sorted(made)]),
    ]
    checks = {check.key: severity for name in sorted(made) for check, severity in _checks(declared[name])}
    described = [check for name in sorted(made) for check, _ in _checks(declared[name])]
    return NightTables(tuple(specs), tuple(described), checks)


def _is_scratch(table: str) -> bool:
    return table.split(".")[0] in _NOT_PUBLISHED


def _published_upstream(catalogue: Catalogue) -> dict[str, frozenset[str]]:
    """What each table is made of, looking through scratch tables to what these are made of."""

    @cache
    def upstream(table: str) -> frozenset[str]:
        model = catalogue.models.get(table)
        found: set[str] = set()
        for name in model.dependencies if model else ():
            found |= upstream(name) if _is_scratch(name) else {name}
        return frozenset(found - {table})

    return {name: upstream(name) for name in catalogue.models}


def _table_spec(spec: TableSpec, upstream: Iterable[str]) -> dg.AssetSpec:
    columns = [dg.TableColumn(column.name, column.type, column.description) for column in spec.columns]
    return dg.AssetSpec(
        key_of(spec.table),
        deps=[key_of(name) for name in sorted(upstream)],
        description=spec.description,
        group_name=spec.schema_name,
        owners=[f"team:{spec.owner.split('@')[0]}"],
        kinds={"duckdb", "sql"},
        metadata={"dagster/column_schema": dg.TableSchema(columns), "grain": ", ".join(spec.grain)},
        skippable=True,
    )


def _ingested_spec(table: str, landed: list[dg.AssetKey]) -> dg.AssetSpec:
    what = f"The newest version of every {table.split('latest_')[1]} row." if "latest_" in table else "From settings."
    return dg.AssetSpec(
        key_of(table), deps=landed, description=what, group_name="ingestion", kinds={"duckdb"}, skippable=True
    )


def _publication_spec(tables: list[str]) -> dg.AssetSpec:
    return dg.AssetSpec(
        key_of(PUBLICATION),
        deps=[key_of(name) for name in tables],
        description="The night's generation: what readers open since then.",
        group_name="publication",
        kinds={"duckdb"},
        skippable=True,
    )


def _checks(spec: TableSpec) -> Iterator[tuple[dg.AssetCheckSpec, dg.AssetCheckSeverity]]:
    """The table's own checks, and the two that every table has."""
    key = key_of(spec.table)
    grain = ", ".join(spec.grain)
    yield dg.AssetCheckSpec("grain_unique", asset=key, description=f"One row for each {grain}."), _severity("block")
    required = [column.name for column in spec.columns if column.required]
    if required:
        text = f"Never NULL: {', '.join(required)}."
        yield dg.AssetCheckSpec("required", asset=key, description=text), _severity("block")
    for check in spec.checks:
        yield dg.AssetCheckSpec(check.name, asset=key, description=check.reason), _severity(check.severity)


def _severity(severity: str) -> dg.AssetCheckSeverity:
    return dg.AssetCheckSeverity.ERROR if severity == Severity.BLOCK else dg.AssetCheckSeverity.WARN
