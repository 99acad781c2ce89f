"""What a query says about itself, read from its parsed SQL: the tables it reads and the columns it makes.

sqlglot is imported when a query is parsed: a night with nothing new parses none.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.errors import CatalogueError


@dataclass(frozen=True)
class Query:
    """One SELECT: `reads` are tables of this build, `reads_previous` those of the last generation."""

    text: str
    reads: frozenset[str]
    reads_previous: frozenset[str]
    columns: tuple[str, ...]


def parse_query(text: str, where: str, *, stars: bool = False) -> Query:
    """Parses one SELECT; `where` names its file in errors, `stars` allows `select *`. Raises CatalogueError."""
    tree = _parse(text, where)
    tables = [_table_name(table, where) for table in _tables(tree)]
    return Query(
        text=text.strip().removesuffix(";"),
        reads=frozenset(name for catalog, name in tables if catalog is None),
        reads_previous=frozenset(name for catalog, name in tables if catalog == "previous"),
        columns=() if stars else _columns(tree, where),
    )


def read_select(path: Path) -> Query:
    """The SELECT of a model's .sql file."""
    return parse_query(path.read_text(encoding="utf-8"), str(path))


def rows_counted(aggregate: str, where: str) -> str | None:
    """The condition on a row under which an aggregate looks at it: its FILTERs; None when it looks at every row."""
    from sqlglot import exp

    tree = _parse(f"select {aggregate}", where)
    filters = list(tree.find_all(exp.Filter))
    if not filters or any(one.find_ancestor(exp.Filter) is None for one in tree.find_all(exp.AggFunc)):
        return None
    conditions = {f"({one.expression.this.sql(dialect='duckdb')})" for one in filters}
    return " or ".join(sorted(conditions))


def _parse(text: str, where: str) -> Any:
    import sqlglot
    from sqlglot import exp

    try:
        statements = [statement for statement in sqlglot.parse(text, read="duckdb") if statement is not None]
    except sqlglot.errors.SqlglotError as error:
        raise CatalogueError(f"{where} is no SQL: {error}", "Mend the query at the place it names.") from None
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise CatalogueError(
            f"{where} must hold one SELECT, found {len(statements)} statement(s)",
            "Keep a single SELECT (with its CTEs); the builder creates and replaces the table.",
        )
    return statements[0]


def _tables(tree: Any) -> list[Any]:
    """References to stored tables: not CTEs, not table functions."""
    from sqlglot import exp

    defined = {cte.alias_or_name.lower() for cte in tree.find_all(exp.CTE)}
    named = [table for table in tree.find_all(exp.Table) if isinstance(table.this, exp.Identifier)]
    return [table for table in named if table.db or table.name.lower() not in defined]


def _table_name(table: Any, where: str) -> tuple[str | None, str]:
    if not table.db:
        raise CatalogueError(
            f"{where} reads '{table.name}' without a schema", f"Write core.{table.name}, or define the CTE it means."
        )
    catalog = table.catalog.lower() or None
    if catalog not in (None, "previous"):
        raise CatalogueError(
            f"{where} reads database '{table.catalog}'", "Only `previous.` may stand before a schema; drop the rest."
        )
    return catalog, f"{table.db}.{table.name}".lower()


def _columns(tree: Any, where: str) -> tuple[str, ...]:
    for select in _outermost(tree):
        if any(_is_star(column) for column in select.expressions):
            raise CatalogueError(
                f"{where} ends in `select *`", "Name the columns of the last select one by one, as the YAML does."
            )
    return tuple(tree.named_selects)


def _is_star(column: Any) -> bool:
    from sqlglot import exp

    return isinstance(column, exp.Star) or (isinstance(column, exp.Column) and isinstance(column.this, exp.Star))


def _outermost(tree: Any) -> list[Any]:
    """The selects that make the rows: several for a union."""
    from sqlglot import exp

    if isinstance(tree, exp.SetOperation):
        return [*_outermost(tree.left), *_outermost(tree.right)]
    if isinstance(tree, exp.Subquery):
        return _outermost(tree.this)
    return [tree]
