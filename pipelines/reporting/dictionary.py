"""The report's data dictionary: every published table and column, how it is made and what it is made from.

It is of what is shipped, not of the company's data: every entry is there, whether its subject is built or not, under the
id by which definitions.py links to it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import groupby

from models.contracts import CONTRACTS
from models.records import Record
from models.tables import TableSpec
from pipelines.night.shipped import shipped_catalogue
from pipelines.reporting.definitions import NEVER
from sql.metrics import DeclaredMetric, declared_metrics, explaining_command
from sql.origins import LANDING, shipped_origins

_SUBJECT_LAST = ("core", "ops", "quarantine", "landing")
"""What people read stands first, what sources deliver last."""


@dataclass(frozen=True)
class Entry:
    """A column, or a metric that is a row of a long table; `id` is where links lead. `origins` are columns by table."""

    id: str
    name: str
    type: str
    unit: str
    description: str
    formula: str = ""
    null_means: str = ""
    command: str = ""
    origins: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True)
class TableEntry:
    """A table and what it holds; that of a contract holds the fields that sources deliver."""

    id: str
    group: str
    description: str
    grain: tuple[str, ...]
    entries: tuple[Entry, ...]

    @property
    def is_made(self) -> bool:
        """Whether it is known what its columns are made from."""
        return any(entry.origins for entry in self.entries)


@cache
def dictionary_tables() -> tuple[TableEntry, ...]:
    """Every table by group and name: the marts' subjects, then the layers, then the contracts."""
    metrics = declared_metrics(shipped_catalogue())
    specs = (spec for spec in shipped_catalogue().specs().values() if spec.schema_name != "staging")
    tables = [_table(spec, metrics) for spec in specs]
    contracts = [_contract(contract) for contract in CONTRACTS.values()]
    return tuple(sorted((*tables, *contracts), key=lambda table: (_place(table.group), table.id)))


@cache
def dictionary_groups() -> tuple[tuple[str, tuple[TableEntry, ...]], ...]:
    """The tables under the names of their groups."""
    return tuple((group, tuple(tables)) for group, tables in groupby(dictionary_tables(), lambda table: table.group))


def _place(group: str) -> tuple[int, str]:
    return (_SUBJECT_LAST.index(group) + 1 if group in _SUBJECT_LAST else 0, group)


def _table(spec: TableSpec, metrics: dict[str, DeclaredMetric]) -> TableEntry:
    own = {name: one for name, one in metrics.items() if one.spec.table == spec.table}
    columns = {column.name for column in spec.columns}
    rows = (_long_metric(one) for name, one in own.items() if name not in columns)
    return TableEntry(
        spec.table,
        _group(spec),
        spec.description,
        spec.grain,
        (*_columns(spec, own), *rows),
    )


def _group(spec: TableSpec) -> str:
    model = shipped_catalogue().models.get(spec.table)
    return (model.subject if model and spec.schema_name == "marts" else None) or spec.schema_name


def _columns(spec: TableSpec, metrics: dict[str, DeclaredMetric]) -> Iterable[Entry]:
    origins = shipped_origins().get(spec.table, {})
    for column in spec.columns:
        declared = metrics.get(column.name)
        yield Entry(
            f"{spec.table}.{column.name}",
            column.name,
            column.type,
            column.unit or (declared.metric.unit if declared else ""),
            _flat(column.description),
            *(_metric(declared) if declared else ("", "", "")),
            tuple((table, tuple(named)) for table, named in origins.get(column.name, {}).items()),
        )


def _long_metric(one: DeclaredMetric) -> Entry:
    """A metric that has no column: its rows are named by a column of the grain."""
    made_of = [part for part in (one.metric.numerator, one.metric.denominator) if part]
    return Entry(
        f"{one.spec.table}.{one.metric.name}", one.metric.name, "", one.metric.unit, " / ".join(made_of), *_metric(one)
    )


def _metric(one: DeclaredMetric) -> tuple[str, str, str]:
    """Formula, what NULL means unless it never is, and the command that explains one figure."""
    nothing = _flat(one.metric.null_means)
    return _flat(one.metric.formula), "" if nothing == NEVER else nothing, explaining_command(one) or ""


def _contract(contract: type[Record]) -> TableEntry:
    place = f"{LANDING}{contract.ENTITY}"
    entries = (
        Entry(f"{place}.{name}", name, kind.sql_type, "", _flat(contract.model_fields[name].description or ""))
        for name, kind in contract.kinds().items()
    )
    text = f"What sources deliver as {contract.ENTITY}: the fields of the contract, which mappings fill."
    return TableEntry(place, "landing", text, contract.KEY, tuple(entries))


def _flat(text: str) -> str:
    return " ".join(text.split())
