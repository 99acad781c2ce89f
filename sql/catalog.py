"""The catalogue: every table of the build, what it reads, and the order in which tables are made.

Tables are found as .sql/.yaml pairs below sql/; dependencies are read from the SQL and never declared twice. The
rules a table must keep are in `catalog_rules`; this module finds, loads and orders.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from heapq import heapify, heappop, heappush
from pathlib import Path

from pydantic import ValidationError

from models.errors import CatalogueError, SettingsError
from models.strict_yaml import read_yaml
from models.tables import TableSpec
from sql import catalog_rules
from sql.evidence import bind_evidence
from sql.evidence_rules import check_evidence
from sql.inputs import DIRTY_DAY, INPUTS
from sql.queries import Query, parse_query, read_select
from sql.records import record_tables
from sql.reference import Reference, read_reference

LAYERS = ("staging", "core", "ops", "marts")
"""Folders below sql/ that hold models; each is also the schema of its tables."""

_NO_TABLES = ("alerts", "judgement")
"""Folders below sql/ that read tables and make none."""


@dataclass(frozen=True)
class Model:
    """A table made by SQL: its contract, its query, and the tables its checks read."""

    spec: TableSpec
    query: Query
    path: Path
    check_reads: frozenset[str]

    @property
    def table(self) -> str:
        """`core.dim_rep`, the same in the YAML, the file names and DuckDB."""
        return self.spec.table

    @property
    def subject(self) -> str | None:
        """The folder below its layer, such as `funnel`; None for what every company needs."""
        folder = self.path.parent.name
        return None if folder in LAYERS else folder


@dataclass(frozen=True)
class Catalogue:
    """All tables: `models` made by SQL, `references` from CSV, `inputs` made by Python before them."""

    root: Path
    models: Mapping[str, Model]
    references: Mapping[str, Reference]
    inputs: Mapping[str, TableSpec]

    def spec(self, table: str) -> TableSpec:
        """The contract of any table of the catalogue."""
        return self.specs()[table]

    def specs(self) -> dict[str, TableSpec]:
        """All contracts by table: inputs, references, models, each in the order of their names."""
        groups = (self.inputs.values(), (one.spec for one in self.references.values()), self._model_specs())
        return {spec.table: spec for group in groups for spec in sorted(group, key=lambda spec: spec.table)}

    def ordered(self) -> list[Model]:
        """Every model after all it reads; ties by name, so the order is always the same."""
        return [self.models[table] for table in _in_order({name: self.before(name) for name in self.models})]

    def downstream(self, tables: Iterable[str]) -> set[str]:
        """The models that read one of `tables`, directly or through others; a table is not downstream of itself."""
        found: set[str] = set()
        waiting = set(tables)
        while waiting:
            waiting = {name for name, model in self.models.items() if model.query.reads & waiting} - found
            found |= waiting
        return found

    def of_subjects(self, wanted: Collection[str]) -> Catalogue:
        """What belongs to a wanted subject or to none, with all that it reads."""
        kept: set[str] = set()
        waiting = {name for name, model in self.models.items() if model.subject is None or model.subject in wanted}
        while waiting:
            kept |= waiting
            waiting = {read for name in waiting for read in self.before(name)} - kept
        return replace(self, models={name: model for name, model in self.models.items() if name in kept})

    def fingerprint(self) -> str:
        """That of the files below its root."""
        return tables_fingerprint(self.root)

    def before(self, table: str) -> set[str]:
        """Models that must stand before this one is built: those it reads, and those its checks read."""
        model = self.models[table]
        return {name for name in model.query.reads | model.check_reads if name in self.models and name != table}

    def _model_specs(self) -> Iterable[TableSpec]:
        return (model.spec for model in self.models.values())


def tables_fingerprint(root: Path) -> str:
    """sha256 over the names and contents of all .sql, .yaml and .csv files below `root` that tables are made of."""
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        if path.suffix in (".sql", ".yaml", ".csv") and path.relative_to(root).parts[0] not in _NO_TABLES:
            content = path.read_bytes()
            digest.update(f"{path.relative_to(root).as_posix()}\0{len(content)}\0".encode())
            digest.update(content)
    return digest.hexdigest()


def load_catalogue(root: Path, cases: Path | None = None, inputs: Iterable[TableSpec] = ()) -> Catalogue:
    """Finds, reads and checks every table below `root` (the sql folder); raises CatalogueError.

    `cases` is the folder of test cases (tests/tables); when given, every model needs one, and every column that
    evidence names is resolved. `inputs` are contracts of further tables that Python makes and models may read, such
    as those of ops.
    """
    models = {model.table: model for model in map(_read_model, _yaml_files(root))}
    references = {one.spec.table: one for one in map(_read_reference, sorted(root.glob("reference/*.yaml")))}
    made = [spec for spec in (*record_tables(), *INPUTS, DIRTY_DAY, *inputs) if spec.table not in models]
    catalogue = Catalogue(root, models, references, {spec.table: spec for spec in made})
    catalog_rules.check_pairs(root, LAYERS)
    known = catalogue.specs()
    for model in models.values():
        catalog_rules.check_model(model.spec, model.query, model.check_reads, model.path, known)
        for evidence in model.spec.evidence:
            where = f"{model.path.with_suffix('.yaml')}, evidence.{evidence.name}"
            check_evidence(model.spec, evidence, where, known)
    catalog_rules.check_metric_names(known.values())
    catalogue.ordered()
    if cases is not None:
        catalog_rules.check_cases(known, models, cases)
        bind_evidence(known, {table: model.path.with_suffix(".yaml") for table, model in models.items()})
    return catalogue


def read_spec(path: Path) -> TableSpec:
    """The contract in a .yaml file; raises CatalogueError naming file and key."""
    try:
        return TableSpec.model_validate(read_yaml(path))
    except SettingsError as error:
        raise CatalogueError(error.what, error.remedy) from None
    except ValidationError as error:
        raise CatalogueError(
            f"{path} is wrong:\n{catalog_rules.explain(error, TableSpec)}",
            "Mend these keys; models/tables.py says what each one holds.",
        ) from None


def _yaml_files(root: Path) -> list[Path]:
    return [path for layer in LAYERS for path in sorted((root / layer).rglob("*.yaml"))]


def _read_model(path: Path) -> Model:
    spec = read_spec(path)
    catalog_rules.check_place(spec, path, LAYERS)
    query_path = path.with_suffix(".sql")
    if not query_path.exists():
        raise CatalogueError(f"{path} has no query beside it", f"Write {query_path.name}, or delete the YAML.")
    return Model(spec, read_select(query_path), query_path, _check_reads(spec, path))


def _check_reads(spec: TableSpec, path: Path) -> frozenset[str]:
    reads: set[str] = set()
    for check in spec.checks:
        if check.sql is not None:
            reads |= parse_query(check.sql, f"{path}, checks.{check.name}", stars=True).reads
        if check.to is not None:
            reads.add(check.to.rpartition(".")[0])
    return frozenset(reads - {spec.table})


def _read_reference(path: Path) -> Reference:
    spec = read_spec(path)
    if spec.table != f"core.ref_{path.stem}":
        raise CatalogueError(f"{path} declares {spec.table}", f"Set `table: core.ref_{path.stem}`, or rename the file.")
    return read_reference(spec, path.with_suffix(".csv"))


def _in_order(before: Mapping[str, set[str]]) -> list[str]:
    missing = {name: set(needed) for name, needed in before.items()}
    ready = [name for name, needed in missing.items() if not needed]
    heapify(ready)
    order: list[str] = []
    while ready:
        done = heappop(ready)
        order.append(done)
        for name, needed in missing.items():
            if done in needed:
                needed.remove(done)
                if not needed:
                    heappush(ready, name)
    if len(order) < len(before):
        circle = " → ".join(_circle({name: needed for name, needed in missing.items() if needed}))
        raise CatalogueError(f"tables read each other in a circle: {circle}", "Take one of these reads away.")
    return order


def _circle(missing: Mapping[str, set[str]]) -> list[str]:
    """A walk along unmet needs until a table comes twice."""
    walk = [min(missing)]
    while walk[-1] not in walk[:-1]:
        walk.append(min(missing[walk[-1]] & missing.keys()))
    return walk[walk.index(walk[-1]) :]
