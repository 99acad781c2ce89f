"""What every alert rule must keep. Each check refuses with the file, the key and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from models.alerts import Limit, RuleSpec, SubjectType, Suppressor
from models.contracts import CONTRACTS
from models.errors import CatalogueError, nearest
from models.tables import TableSpec
from sql.inputs import PARAMETER, Parameters
from sql.queries import Query
from sql.rows import create_table

if TYPE_CHECKING:
    import duckdb

    from sql.catalog import Catalogue
    from sql.rules import Rule

COLUMNS = {
    "night_date": "DATE",
    "subject_id": "VARCHAR",
    "limit_name": "VARCHAR",
    "value": "DOUBLE",
    "sample": "BIGINT",
    "baseline": "DOUBLE",
    "peers": "DOUBLE",
    "evidence": "STRUCT",
}
"""What the SELECT of a rule returns, in this order."""

SCHEMAS = ("core", "marts", "ops")
NIGHTS = "core.alert_night"
_OF_REPS = (Suppressor.LEAVE, Suppressor.HOLIDAY, Suppressor.RAMP)


def check_pairs(folder: Path) -> None:
    """No query without its contract, and no contract without its query."""
    for one, other, holds in ((".sql", ".yaml", "title, limits, what_to_do"), (".yaml", ".sql", "one SELECT")):
        for path in sorted(folder.glob(f"*{one}")):
            if not path.with_suffix(other).exists():
                raise CatalogueError(
                    f"{path} has no {path.with_suffix(other).name} beside it",
                    f"Write it ({holds}), or delete {path.name}.",
                )


def check_spec(spec: RuleSpec, path: Path) -> None:
    """The rule's name, its limits, the entities it stands on, and what suppresses it."""
    if spec.rule != path.stem:
        raise CatalogueError(
            f"{path}: `rule: {spec.rule}` in a file called {path.stem}",
            f"Rename the files to {spec.rule}, or set `rule: {path.stem}`.",
        )
    for limit in spec.limits:
        _check_limit(limit, f"{path}: limits.{limit.name}")
    for entity in spec.stands_on:
        if entity not in CONTRACTS:
            raise CatalogueError(
                f"{path}: stands_on names {entity}, which is no entity.{nearest(entity, CONTRACTS)}", "Mend the name."
            )
    of_reps = [one for one in spec.suppressed_by if one in _OF_REPS]
    if of_reps and spec.subject_type is not SubjectType.REP:
        raise CatalogueError(
            f"{path}: suppressed_by names {of_reps[0]}, and the rule is about a {spec.subject_type}",
            "Only reps are on leave, on holiday or ramping: take it away.",
        )


def check_query(query: Query, path: Path, known: Mapping[str, TableSpec]) -> None:
    """The columns of the SELECT and the tables it reads."""
    _check_columns(query, path)
    for table in sorted(query.reads | {f"previous.{one}" for one in query.reads_previous}):
        if table.split(".")[0] not in SCHEMAS:
            raise CatalogueError(
                f"{path} reads {table}", f"A rule reads {', '.join(SCHEMAS)} only: what a published file holds."
            )
        if table not in known:
            raise CatalogueError(
                f"{path} reads {table}, which is no table of the catalogue.{nearest(table, known)}", "Mend the name."
            )
    if NIGHTS not in query.reads:
        raise CatalogueError(
            f"{path} does not read {NIGHTS}", f"Join {NIGHTS}: it lists the nights to judge, one of them tonight."
        )


def check_cases(rules: Iterable[str], cases: Path) -> None:
    """Every rule has a case, and every case folder a rule."""
    known = list(rules)
    for rule in known:
        if not any((cases / rule).glob("*.yaml")):
            raise CatalogueError(
                f"the rule {rule} has no case", f"Write {cases / rule}/<case>.yaml: why, given, nights, expect."
            )
    for path in sorted(cases.glob("*/*.yaml")):
        if path.parent.name not in known:
            raise CatalogueError(
                f"{path} is a case of {path.parent.name}, which is no rule.{nearest(path.parent.name, known)}",
                "Rename its folder.",
            )


def check_types(connection: duckdb.DuckDBPyConnection, catalogue: Catalogue, rules: Sequence[Rule]) -> None:
    """Binds every SELECT against empty tables; raises CatalogueError when it fails or makes other types.

    `connection` is left with a table for everything that rules read. Not asked each night: it costs as much as
    judging, and a rule that fails at night is refused then.
    """
    specs = catalogue.specs()
    for schema in SCHEMAS:
        connection.execute(f"create schema if not exists {schema}")
    for table in sorted({table for rule in rules for table in rule.query.reads}):
        create_table(connection, specs[table])
    for rule in rules:
        _check_types(connection, rule)


def _check_types(connection: duckdb.DuckDBPyConnection, rule: Rule) -> None:
    import duckdb

    try:
        described = connection.execute(f"describe {rule.query.text}").fetchall()
    except duckdb.Error as error:
        raise CatalogueError(f"{rule.path} cannot be asked: {error}", "Mend the query.") from error
    found = {str(row[0]): str(row[1]) for row in described}
    wrong = [
        f"  {name}: must be {wanted}, the query makes {found[name]}"
        for name, wanted in COLUMNS.items()
        if found[name].partition("(")[0] != wanted
    ]
    if wrong:
        lines = "\n".join(wrong)
        raise CatalogueError(f"{rule.path} makes wrong types:\n{lines}", "Cast the columns in the query.")


def clear_problem(limit: Limit, threshold: Decimal, clear: Decimal) -> str | None:
    """Why a limit that is passed at `threshold` could never be clear again at `clear`; None when it can."""
    up = limit.beyond.is_upward
    if (clear > threshold) if up else (clear < threshold):
        side = "above" if up else "below"
        return f"the clear threshold {clear} lies {side} the threshold {threshold}, where the value is too much"
    end = limit.lowest if up else limit.highest
    if end is None:
        return None
    is_reached = (clear >= end) if up else (clear <= end)
    if is_reached and not (clear == threshold == end and limit.beyond in ("at_least", "at_most")):
        return None
    word = "lower" if up else "higher"
    return f"the clear threshold {clear} can never be reached: values are not {word} than {end}"


def clear_threshold(limit: Limit, threshold: Decimal) -> Decimal:
    """Where a limit is over when nobody says: below its threshold by `clear_ratio`, above it when less is worse."""
    return threshold * limit.clear_ratio if limit.beyond.is_upward else threshold / limit.clear_ratio


def default_threshold(limit: Limit, parameters: Mapping[str, object]) -> Decimal:
    """The threshold when settings say nothing; `parameters` is the row of core.parameter."""
    return limit.default if limit.default is not None else Decimal(str(parameters[str(limit.parameter)]))


def _check_limit(limit: Limit, where: str) -> None:
    if limit.parameter is not None:
        numbers = [column.name for column in PARAMETER.columns if column.type.startswith(("DECIMAL", "INT", "BIGINT"))]
        if limit.parameter not in numbers:
            raise CatalogueError(
                f"{where}.parameter: {limit.parameter} is no number of core.parameter."
                f"{nearest(limit.parameter, numbers)}",
                "Name one of its columns, or give `default`.",
            )
    threshold = default_threshold(limit, _USUAL)
    if problem := clear_problem(limit, threshold, clear_threshold(limit, threshold)):
        raise CatalogueError(f"{where}: {problem}", "Change `default`, `clear_ratio`, `lowest` or `highest`.")


def _check_columns(query: Query, path: Path) -> None:
    made, wanted = list(query.columns), list(COLUMNS)
    if made == wanted:
        return
    missing, extra = [name for name in wanted if name not in made], [name for name in made if name not in wanted]
    hint = nearest(missing[0], extra) if missing else ""
    raise CatalogueError(
        f"{path}: a rule returns {', '.join(wanted)}, in this order"
        f"\n  missing: {', '.join(missing) or 'none'}.{hint}"
        f"\n  too many: {', '.join(extra) or 'none'}",
        "Name these columns in this order in the last select.",
    )


_USUAL = Parameters.model_validate({"as_of": "2026-01-01T00:00:00Z"}).model_dump()
"""Parameters when settings say nothing."""
