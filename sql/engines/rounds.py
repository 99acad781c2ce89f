"""Recursive CTEs as rounds that the client counts: Sail has none, and Spark's know no UNION without ALL.

A round asks the step of the rows that the round before it found, and stores what is new; the walk ends with a round
that finds nothing. Chains of merges and aliases are short, so there are few.
"""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from models.errors import TouchlineError
from sql.engines.dialect import to_spark
from sql.engines.storage import Storage, has_rows

MOST_ROUNDS = 1000
"""A walk that is longer does not end."""


def run(session: Any, tree: Any, name: str, storage: Storage, folder: str) -> Any:
    """The parsed SELECT as the engine's data frame, once every recursive CTE in it was walked to its end.

    `name` begins the names of the walks' views, `folder` is where in the storage their rounds lie.
    """
    tree = tree.copy()
    ctes = tree.args.get("with_")
    if ctes is None or not ctes.recursive:
        return session.sql(to_spark(tree))
    ctes.set("recursive", False)
    for place, cte in enumerate(ctes.expressions):
        if _reads(cte.this, cte.alias):
            view = f"{name}__{cte.alias}"
            _walk(session, ctes.expressions[:place], cte, view, storage, f"{folder}/{cte.alias}")
            cte.set("this", exp.select("*").from_(exp.to_table(view)))
    return session.sql(to_spark(tree))


def stored(session: Any, made: Any, storage: Storage, *names: str) -> Any:
    """What was written there of the frame `made`, which is asked for its types only when nothing was: Sail writes no file
    for no rows, and files of wider types than it announced."""
    written = [storage.address(name) for name in names if has_rows(storage, name)]
    return session.read.parquet(*written) if written else session.createDataFrame([], made.schema)


def _reads(query: Any, name: str) -> list[Any]:
    return [table for table in query.find_all(exp.Table) if table.name == name and not table.db]


def _walk(session: Any, before: list[Any], cte: Any, view: str, storage: Storage, folder: str) -> None:
    """Makes the view of all rows of a recursive CTE, `before` being the CTEs it may read."""
    seed, step = cte.this.left, cte.this.right
    names: list[str] = []
    found = session.sql(to_spark(_with(before, seed)))
    first = found
    while len(names) < MOST_ROUNDS:
        if cte.this.args.get("distinct"):
            found = found.distinct()
            found = found.subtract(stored(session, first, storage, *names)) if names else found
        name = f"{folder}/{len(names)}"
        found.write.mode("overwrite").parquet(storage.address(name))
        made = stored(session, first, storage, name)
        if made.isEmpty():
            stored(session, first, storage, *names).createOrReplaceTempView(view)
            return
        names.append(name)
        made.createOrReplaceTempView(f"{view}__round")
        found = session.sql(to_spark(_with(before, _of_round(step, cte.alias, f"{view}__round"))))
    raise TouchlineError(
        f"the walk {cte.alias} did not end within {MOST_ROUNDS} rounds", "Look for a circle in what it follows."
    )


def _of_round(step: Any, name: str, view: str) -> Any:
    """The step, asked of the last round alone."""
    step = step.copy()
    for table in _reads(step, name):
        last = exp.to_table(view)
        last.set("alias", table.args.get("alias") or exp.TableAlias(this=exp.to_identifier(name)))
        table.replace(last)
    return step


def _with(before: list[Any], query: Any) -> Any:
    query = query.copy()
    for cte in before:
        query = query.with_(cte.alias, as_=cte.this.copy())
    return query
