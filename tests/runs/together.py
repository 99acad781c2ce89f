"""Tests whose nights are the same nights: each is a generator at a desk of its own, and its `yield` is the night.

A small night costs a CPU second whatever it reads. So the tests of a module that are marked `together` deliver side by side
to one workspace, each into sources of its own, and a night is run once for all that wait for it. A test sees the rows of its
own sources alone, under the names it gave them; `outcome = yield` has its own notes and loads. What looks at a whole
workspace (settings, orders, a status, figures of several reps) needs one of its own: the fixture `office`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Generator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from pipelines.night.outcome import NightOutcome
from sql.quoting import identifier, literal

if TYPE_CHECKING:
    from tests.runs.conftest import Office

Nights = Generator[None, NightOutcome, None]
CANONICAL = {"name": "crm", "kind": "canonical", "timezone": "America/New_York"}
COMPANY = {"name": "Test", "timezone": "America/New_York", "holidays": {"default_country": "US"}}
OF_ALL = {"ops.publication"}
"""Tables that say nothing of a source and may be asked all the same."""
TOGETHER: dict[str, list[Callable[[Desk], Nights]]] = {}
"""The tests that share nights, by their module."""


class Desk:
    """A test's part of a workspace. Before its first night it may say other `sources` than one canonical `crm`."""

    def __init__(self, office: Office, number: int) -> None:
        self.office, self.workspace, self.number = office, office.workspace, number
        self.sources: list[dict[str, Any]] = [CANONICAL]

    def name(self, source: str) -> str:
        """What a source of this desk is called in the workspace."""
        return f"{source}_{self.number:02}"

    def settings(self) -> list[dict[str, Any]]:
        return [
            {**one, "name": self.name(one["name"]), "path": f"inbox/{self.name(one['name'])}"} for one in self.sources
        ]

    def deliver(self, name: str, content: Any, folder: str = "inbox/crm") -> Any:
        return self.office.deliver(name, content, self.name(folder))

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Asks the published file of this desk's own rows."""
        with duckdb.connect() as connection:
            connection.execute("set TimeZone = 'UTC'")
            connection.execute(f"attach {literal(str(self.workspace.published_file))} as published (read_only)")
            for schema, table in sorted(set(re.findall(r"\b(core|marts|ops|quarantine)\.(\w+)", sql))):
                connection.execute(f"create schema if not exists {schema}")
                connection.execute(f"create view {schema}.{table} as {self._own_rows(connection, schema, table)}")
            return connection.execute(sql).fetchall()

    def own(self, outcome: NightOutcome) -> NightOutcome:
        """What the night says of this desk's sources."""
        names = {self.name(one["name"]) for one in self.sources}
        notes = [note for note in outcome.notes if any(name in note for name in names)]
        return replace(
            outcome,
            notes=tuple(self._as_named(note) for note in notes),
            loads=tuple(load for load in outcome.loads if load.source in names),
        )

    def _as_named(self, text: str) -> str:
        for one in self.sources:
            text = text.replace(self.name(one["name"]), one["name"])
        return text

    def _own_rows(self, connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> str:
        columns = dict(
            connection.execute(
                "select column_name, data_type from duckdb_columns() where database_name = 'published'"
                " and schema_name = ? and table_name = ? order by column_index",
                [schema, table],
            ).fetchall()
        )
        renamed = [f"{self._renamed(name, columns[name])} as {identifier(name)}" for name in columns]
        found = f"select {', '.join(renamed)} from published.{schema}.{table}"
        if f"{schema}.{table}" in OF_ALL:
            return found
        return f"{found} where {' or '.join(self._is_own(columns, self.name(one['name'])) for one in self.sources)}"

    def _renamed(self, column: str, kind: str) -> str:
        cell = identifier(column) if kind == "VARCHAR" else "cell"
        for one in self.sources:
            cell = f"replace({cell}, {literal(self.name(one['name']))}, {literal(one['name'])})"
        if kind == "VARCHAR[]":
            return f"list_transform({identifier(column)}, lambda cell: {cell})"
        return cell if kind == "VARCHAR" else identifier(column)

    def _is_own(self, columns: dict[str, str], name: str) -> str:
        """A row is told by its source, by the key it restates, or by the id it begins with."""
        if "source" in columns:
            return f"source = {literal(name)}"
        if "key" in columns:
            quoted = literal(f'"{name}:')
            return f"contains(key, {quoted})"
        ids = [column for column in columns if column.endswith("_id") and column != "load_id"]
        assert ids, f"{list(columns)} say nothing of a source: such a test needs a workspace of its own"
        return f"starts_with({identifier(ids[0])}, {literal(f'{name}:')})"


def together(test: Callable[[Desk], Nights]) -> Callable[..., None]:
    """Marks a test that yields where its night is, and takes a `desk`."""
    TOGETHER.setdefault(test.__module__, []).append(test)

    def told(shared_nights: dict[str, BaseException]) -> None:
        if test.__name__ in shared_nights:
            raise shared_nights[test.__name__]

    told.__name__, told.__doc__, told.__module__ = test.__name__, test.__doc__, test.__module__
    return told


def run_together(office: Office, module: Any) -> dict[str, BaseException]:
    """Runs all tests of a module that share nights; what failed, by the test's name.

    The module may say another `COMPANY`, and how its `night` is run.
    """
    desks = {test.__name__: Desk(office, place) for place, test in enumerate(TOGETHER[module.__name__], start=1)}
    waiting = {test.__name__: test(desks[test.__name__]) for test in TOGETHER[module.__name__]}
    failed: dict[str, BaseException] = {}
    outcome: NightOutcome | None = None
    while waiting:
        for name, test in list(waiting.items()):
            try:
                test.send(None if outcome is None else desks[name].own(outcome))
            except StopIteration:
                del waiting[name]
            except (Exception, pytest.fail.Exception) as error:
                failed[name] = error
                del waiting[name]
        if outcome is None:
            sources = [source for desk in desks.values() for source in desk.settings()]
            office.configure(json.dumps({"company": getattr(module, "COMPANY", COMPANY), "sources": sources}))
        if waiting:
            outcome = getattr(module, "night", type(office).night)(office)
    return failed
