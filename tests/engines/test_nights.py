"""Nights whose tables an engine makes: what they publish is what DuckDB's nights publish, or nothing at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.errors import TouchlineError
from pipelines.demo import DEMO_AS_OF, write_demo
from tests.cheap_nights import ALL_MARTS
from tests.engines.servers import Server, sail_server
from tests.runs.conftest import Office

pytestmark = pytest.mark.slow


def on_engine(address: str) -> dict[str, str]:
    return ALL_MARTS | {
        "TOUCHLINE__ENGINE__KIND": "spark_connect",
        "TOUCHLINE__ENGINE__SPARK_CONNECT__URL": address,
        "TOUCHLINE__ENGINE__SPARK_CONNECT__STORAGE": "var/engine",
    }


def two_nights(home: Path, environment: dict[str, str]) -> tuple[Office, list[dict[str, str]]]:
    """A small demo company in two nights, every second file in the first; the hashes after each."""
    office = Office(home)
    office.environment = environment
    made = home / "made"
    write_demo(made, reps=4, days=40, events=600)
    files = sorted(path for path in made.iterdir() if path.is_file())
    hashes = []
    for night in (files[1::2], files[::2]):
        for file in night:
            office.deliver(file.name, file.read_bytes())
        office.night(as_of=DEMO_AS_OF)
        hashes.append(office.hashes())
    return office, hashes


def test_two_nights_on_sail_publish_the_same_tables_as_two_on_duckdb(sail: str, tmp_path: Path) -> None:
    _, here = two_nights(tmp_path / "here", dict(ALL_MARTS))
    office, there = two_nights(tmp_path / "there", on_engine(sail))
    for night, tables in enumerate(here):
        assert [table for table in tables if there[night].get(table) != tables[table]] == [], f"night {night + 1}"
    assert not (office.workspace.home / "var" / "engine" / "touchline_build").exists()


class Killing:
    """A Progress that ends a server once some tables are made on it."""

    def __init__(self, server: Server) -> None:
        self.server, self.at = server, ""

    def step(self, name: str) -> None:
        self.at = name

    def advance(self, done: int, total: int) -> None:
        if self.at == "tables" and done == total // 3:
            self.server.kill()


def test_a_server_that_dies_in_a_night_leaves_the_last_publication(sail: str, tmp_path: Path) -> None:
    office, hashes = two_nights(tmp_path / "home", dict(ALL_MARTS))
    published = office.workspace.published.resolve()
    with sail_server() as server:
        office.environment = on_engine(server.address)
        with pytest.raises(TouchlineError, match="the engine cannot build"):
            office.night(as_of=DEMO_AS_OF, progress=Killing(server), full_refresh=True)
    assert office.workspace.published.resolve() == published
    office.environment = on_engine(sail)
    office.night(as_of=DEMO_AS_OF, full_refresh=True)
    assert office.hashes() == hashes[-1]
