from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import duckdb
import pytest

from models.mapping import ReadOptions
from pipelines.sources.reading import TextRows, read_rows, reconcile
from pipelines.sources.reading.reader import HERE


@dataclass
class Loaded:
    found: TextRows
    cells: list[tuple[str, ...]]

    @property
    def rejects(self) -> list[tuple[int, str]]:
        return [(reject.line_number, reject.rule) for reject in self.found.rejects]

    @property
    def lines(self) -> list[int]:
        return [self.found.line_of(ordinal) for ordinal in range(self.found.rows)]


Load = Callable[..., Loaded]


@pytest.fixture(scope="session")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'America/New_York'")
        yield connection


@pytest.fixture(scope="session")
def load(connection, tmp_path_factory) -> Load:
    """Lands the bytes and loads them as a night does: fast, and slow when that does not reconcile."""
    folder = tmp_path_factory.mktemp("landed")
    numbers = count()

    def load(content: bytes, name: str = "calls.csv", *, slow: bool = False, **options) -> Loaded:
        landed = folder / f"{next(numbers):04}"
        landed.write_bytes(content)
        return _load(connection, landed, ReadOptions(**options), name, slow)

    return load


def _load(connection: duckdb.DuckDBPyConnection, landed: Path, options: ReadOptions, name: str, slow: bool) -> Loaded:
    scratch = landed.parent / "scratch"
    found = read_rows(connection, landed, options, name, scratch, force_slow=slow, readers=HERE)
    try:
        rows = connection.execute(f"select * from {found.relation}").fetchall()
    except duckdb.Error:
        assert found.path_taken == "fast"
        return _load(connection, landed, options, name, slow=True)
    if not reconcile(found, len(rows)):
        assert found.path_taken == "fast"
        return _load(connection, landed, options, name, slow=True)
    return Loaded(found, [tuple(cell or "" for cell in row) for row in rows] if found.columns else [])
