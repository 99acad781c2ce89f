"""Nights whose tables an engine makes: what they publish is what DuckDB's nights publish, or nothing at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.errors import TouchlineError
from pipelines.demo import DEMO_AS_OF, write_demo
from sql.catalog import load_catalogue
from tests.cheap_nights import ALL_MARTS
from tests.engines.servers import Server, sail_server
from tests.runs.conftest import Office
from tests.runs.test_forget import ANN, forget, found_below

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.slow


def on_engine(address: str) -> dict[str, str]:
    return ALL_MARTS | {
        "TOUCHLINE__ENGINE__KIND": "spark_connect",
        "TOUCHLINE__ENGINE__SPARK_CONNECT__URL": address,
        "TOUCHLINE__ENGINE__SPARK_CONNECT__STORAGE": "var/engine",
    }


def first_files(home: Path) -> list[Path]:
    """The files of a small demo company, written below the workspace."""
    made = home / "made"
    write_demo(made, reps=4, days=40, events=600)
    return sorted(path for path in made.iterdir() if path.is_file())


def two_nights(home: Path, environment: dict[str, str]) -> tuple[Office, list[dict[str, str]]]:
    """A small demo company in two nights, every second file in the first; the hashes after each."""
    office = Office(home)
    office.environment = environment
    files = first_files(home)
    hashes = []
    for night in (files[1::2], files[::2]):
        for file in night:
            office.deliver(file.name, file.read_bytes())
        office.night(as_of=DEMO_AS_OF)
        hashes.append(office.hashes())
    return office, hashes


def four_nights(home: Path, environment: dict[str, str]) -> tuple[Office, list[dict[str, str]]]:
    """Two more: old activities on other days, and everything anew."""
    office, hashes = two_nights(home, environment)
    moved = """
        select source_activity_id as source_record_id, channel, (occurred_at - interval 9 day)::varchar || ':00' as occurred_at,
            source_rep_id as rep_id, '2030-01-01' as updated_at
        from core.fct_activity where source = 'crm' order by activity_id limit 5
    """
    names = ("source_record_id", "channel", "occurred_at", "rep_id", "updated_at")
    office.deliver("activities_moved.csv", [dict(zip(names, row, strict=True)) for row in office.query(moved)])
    office.night(as_of=DEMO_AS_OF)
    hashes.append(office.hashes())
    return office, hashes


def kept_parts(office: Office, table: str) -> set[str]:
    return {path.name for path in (office.workspace.home / "var" / "engine" / "touchline_kept" / table).iterdir()}


@pytest.fixture
def parts_of_days(monkeypatch: pytest.MonkeyPatch) -> None:
    """As of a table that is large."""
    monkeypatch.setattr("sql.engines.kept.SMALL_ROWS", 0)
    monkeypatch.setattr("sql.engines.kept.LARGE_DAY_ROWS", 0)


@pytest.mark.usefixtures("parts_of_days")
def test_nights_on_sail_publish_the_tables_of_nights_on_duckdb(sail: str, tmp_path: Path) -> None:
    _, here = four_nights(tmp_path / "here", dict(ALL_MARTS))
    office, there = four_nights(tmp_path / "there", on_engine(sail))
    for night, tables in enumerate(here):
        assert [table for table in tables if there[night].get(table) != tables[table]] == [], f"night {night + 1}"
    replaced = office.query("select table_name from ops.check_result where check_name = 'window_only' order by 1")
    windows = [model.table for model in load_catalogue(ROOT / "sql").ordered() if model.spec.window]
    assert [table for (table,) in replaced] == sorted(windows)
    before = kept_parts(office, "core.latest_activities")
    office.night(as_of=DEMO_AS_OF, full_refresh=True)
    assert office.hashes() == there[-1]
    assert kept_parts(office, "core.latest_activities") == before
    assert not (office.workspace.home / "var" / "engine" / "touchline_build").exists()
    office.environment = dict(ALL_MARTS)
    office.night(as_of=DEMO_AS_OF, full_refresh=True)
    assert not (office.workspace.home / "var" / "engine" / "touchline_kept").exists()


def test_an_order_to_forget_reaches_what_an_engine_was_sent(sail: str, tmp_path: Path) -> None:
    office = Office(tmp_path / "home")
    office.environment = on_engine(sail) | {"TOUCHLINE__METRICS__SUBJECTS": "[activity]"}
    office.deliver("reps.csv", [{"rep_id": "R1", "full_name": "Rita", "rep_type": "inside", "hire_date": "2024-01-01"}])
    call = {"channel": "call", "occurred_at": "2026-03-02T15:00:00Z", "rep_id": "R1", "status": "completed"}
    contacts = [ANN["id"], "CON-2"]
    office.deliver("contacts.csv", [{"contact_id": one, "full_name": one} for one in contacts])
    office.deliver(
        "activities.csv",
        [{**call, "source_record_id": f"a-{place}", "contact_id": one} for place, one in enumerate(contacts)],
    )
    office.night()
    storage, needles = office.workspace.home / "var" / "engine", ("con-77120", "con-2")
    assert {needle for needle, _ in found_below(storage, needles)} == set(needles)
    assert forget(office, "--contact", ANN["id"]) == 0
    office.night()
    assert {needle for needle, _ in found_below(storage, needles)} == {"con-2"}


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
