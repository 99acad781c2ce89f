"""What every table of the catalogue must keep. Each rule refuses with the file, the key and what to do about it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from models.errors import CatalogueError, nearest
from models.tables import Check, TableSpec, WriteMode
from sql.queries import Query

TESTED_SCHEMAS = ("core", "marts", "ops")
"""Schemas whose models need a test case each; staging models are tested through what stands on them too."""

_MAY_READ = {"core": ("core", "staging", "ops"), "marts": ("core", "marts")}
_WINDOWS = "staging.dirty_"


def check_place(spec: TableSpec, path: Path, layers: Iterable[str]) -> None:
    """File name = table name, layer folder = schema."""
    if spec.name != path.stem:
        raise CatalogueError(
            f"{path}: `table: {spec.table}` in a file called {path.stem}",
            f"Rename the files to {spec.name}, or set `table: {spec.schema_name}.{path.stem}`.",
        )
    folders = {part for part in path.parts[:-1] if part in layers}
    if spec.schema_name not in folders:
        raise CatalogueError(
            f"{path}: `table: {spec.table}` below the folder {path.parent.name}",
            f"Move both files below sql/{spec.schema_name}/, or change the schema.",
        )


def check_pairs(root: Path, layers: Iterable[str]) -> None:
    """No query without its contract."""
    for layer in layers:
        for path in sorted((root / layer).rglob("*.sql")):
            if not path.with_suffix(".yaml").exists():
                raise CatalogueError(
                    f"{path} has no contract beside it", f"Write {path.stem}.yaml: description, grain, columns."
                )


def check_model(
    spec: TableSpec, query: Query, check_reads: frozenset[str], path: Path, known: Mapping[str, TableSpec]
) -> None:
    """All rules between a query, its contract and the tables it reads."""
    for table in sorted(query.reads | query.reads_previous | check_reads):
        if table not in known:
            raise CatalogueError(
                f"{path} reads {table}, which is no table of the catalogue.{nearest(table, known)}",
                "Mend the name, or add the table's .sql and .yaml.",
            )
    if spec.table in query.reads:
        raise CatalogueError(
            f"{path} reads its own table {spec.table}", f"Read previous.{spec.table}, or split the table."
        )
    _check_layers(spec, query, path)
    _check_columns(spec, query, path)
    _check_window(spec, path, known)
    if spec.checked_in is not None and spec.checked_in not in known:
        raise CatalogueError(
            f"{path}: `checked_in: {spec.checked_in}` is no table.{nearest(spec.checked_in, known)}", "Mend the name."
        )
    for check in spec.checks:
        _check_check(spec, check, path, known)


def check_metric_names(specs: Iterable[TableSpec]) -> None:
    """One name, one metric, over the whole catalogue."""
    owners: dict[str, str] = {}
    for spec in specs:
        for metric in spec.metrics:
            other = owners.setdefault(metric.name, spec.table)
            if other != spec.table or [one.name for one in spec.metrics].count(metric.name) > 1:
                raise CatalogueError(
                    f"the metric '{metric.name}' is declared by {other} and by {spec.table} (key `metrics`)",
                    "Declare it once, where it is made; give the other its own name.",
                )


def check_cases(known: Mapping[str, TableSpec], models: Iterable[str], cases: Path) -> None:
    """Every model has a test case, and every case folder a model."""
    for table in sorted(models):
        folder = cases.joinpath(*table.split("."))
        if known[table].schema_name in TESTED_SCHEMAS and not any(folder.glob("*.yaml")):
            raise CatalogueError(f"{table} has no test case", f"Write {folder}/<rule>.yaml: why, given, expect.")
    for path in sorted(cases.glob("*/*/*.yaml")):
        table = f"{path.parts[-3]}.{path.parts[-2]}"
        if table not in models:
            raise CatalogueError(
                f"{path} is a case of {table}, which is no model.{nearest(table, models)}", "Rename its folder."
            )


def explain(error: ValidationError, contract: type[BaseModel]) -> str:
    """pydantic's findings, a line each: key, what is wrong, the nearest known key."""
    return "\n".join(_finding(item, contract) for item in error.errors())


def _finding(item: Any, contract: type[BaseModel]) -> str:
    where = ".".join(str(part) for part in item["loc"]) or "the file"
    if item["type"] == "extra_forbidden":
        keys = _keys_at(contract, item["loc"][:-1])
        return f"  {where}: unknown key.{nearest(str(item['loc'][-1]), keys)}"
    found = "" if item["type"] in ("missing", "value_error") else f" (found {item['input']!r})"
    return f"  {where}: {re.sub('^Value error, ', '', item['msg'])}{found}"


def _keys_at(contract: Any, place: tuple[Any, ...]) -> list[str]:
    for part in (part for part in place if isinstance(part, str)):
        field = getattr(contract, "model_fields", {}).get(part)
        inner = (field.annotation, *getattr(field.annotation, "__args__", ())) if field else ()
        contract = next((one for one in inner if isinstance(one, type) and issubclass(one, BaseModel)), None)
    return list(getattr(contract, "model_fields", {}))


def _check_layers(spec: TableSpec, query: Query, path: Path) -> None:
    allowed = _MAY_READ.get(spec.schema_name)
    if spec.write is WriteMode.VIEW:
        _check_view(spec, query, path)
    for table in sorted(query.reads):
        is_window = table.startswith(_WINDOWS) or (spec.window is not None and spec.window.of == table)
        if allowed is not None and table.split(".")[0] not in allowed and not is_window:
            raise CatalogueError(
                f"{path}: {spec.table} reads {table}",
                f"A table of {spec.schema_name} reads {', '.join(allowed)} only: move one of the two.",
            )


def _check_view(spec: TableSpec, query: Query, path: Path) -> None:
    gone = sorted(
        {table for table in query.reads if table.startswith("staging.")}
        | {f"previous.{table}" for table in query.reads_previous}
    )
    if gone:
        raise CatalogueError(
            f"{path}: the view {spec.table} reads {', '.join(gone)}, which a published file does not hold",
            "Set `write: rebuild`, or read core and marts only.",
        )


def _check_columns(spec: TableSpec, query: Query, path: Path) -> None:
    declared = [column.name for column in spec.columns]
    made = list(query.columns)
    if made == declared:
        return
    for place, name in enumerate(made):
        if name == "" or name == "*":
            raise CatalogueError(f"{path}: column {place + 1} of the last select has no name", "Give it one: `… as x`.")
    missing, extra = [name for name in declared if name not in made], [name for name in made if name not in declared]
    hint = nearest(missing[0], extra) if missing else ""
    raise CatalogueError(
        f"{path}: the query's columns differ from `columns` of {spec.table}"
        f"\n  only in the YAML: {', '.join(missing) or 'none'}.{hint}"
        f"\n  only in the SQL: {', '.join(extra) or 'none'}"
        f"\n  first difference at place {_first_difference(declared, made)}",
        "Name the same columns in the same order in both.",
    )


def _first_difference(declared: list[str], made: list[str]) -> int:
    for place, (one, other) in enumerate(zip(declared, made, strict=False), start=1):
        if one != other:
            return place
    return min(len(declared), len(made)) + 1


def _check_window(spec: TableSpec, path: Path, known: Mapping[str, TableSpec]) -> None:
    if spec.window is None:
        return
    listing = known.get(spec.window.of)
    if listing is None:
        raise CatalogueError(
            f"{path}: `window.of: {spec.window.of}` is no table.{nearest(spec.window.of, known)}", "Mend the name."
        )
    names = [column.name for column in listing.columns]
    for name in spec.window.by:
        if name not in names:
            raise CatalogueError(
                f"{path}: `window.by: {name}` is no column of {listing.table}.{nearest(name, names)}",
                "A window column has the same name in both tables.",
            )


def _check_check(spec: TableSpec, check: Check, path: Path, known: Mapping[str, TableSpec]) -> None:
    names = [column.name for column in spec.columns]
    for column in check.columns:
        if column not in names:
            raise CatalogueError(
                f"{path}: checks.{check.name} names {column}, which is no column.{nearest(column, names)}",
                "Mend `columns` of the check.",
            )
    if check.to is not None:
        table, _, name = check.to.rpartition(".")
        targets = [column.name for column in known[table].columns]
        if name not in targets:
            raise CatalogueError(
                f"{path}: checks.{check.name}.to names {check.to}; {table} has no such column.{nearest(name, targets)}",
                "Write schema.table.column.",
            )
