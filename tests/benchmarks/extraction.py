"""Extraction on one core: pages of each vendor's fake, fetched, landed and read as rows, against what the vendor permits.

The fake runs in a process of its own on another core and answers without limits; the connector's own pauses are skipped.
Seconds are this process's CPU seconds: what extraction costs, not what a vendor's network adds. `landed` ends with whole
windows on disk, `staged` with typed rows judged by the contract. Documented rates: HubSpot 190 requests in ten seconds of
100 listed records, its search five a second of 200 (its usage guidelines). Pipedrive and Salesforce document budgets, no
records a second; theirs are told without a ratio.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from models.api_settings import ApiSettings
from models.contracts import CONTRACTS
from models.settings import Settings, Source
from pipelines.night.identity import create_key_macros, create_private_tables
from pipelines.night.ingest import create_staged_table, ingest_file, plan_entity
from pipelines.sources.extraction.pages import Window
from pipelines.sources.extraction.shelf import Fetched, Shelf
from pipelines.sources.readings import readings_of
from sql.warehouse import Warehouse

NOW = datetime(2026, 3, 20, tzinfo=UTC)
FIRST = datetime(2026, 3, 1, tzinfo=UTC)


def fill_hubspot(rows: int) -> Any:
    from tests.sources.fakes.hubspot import FakeHubSpot

    fake = FakeHubSpot()
    fake.now = NOW
    for id in range(1, rows + 1):
        properties = {"hs_timestamp": "2026-03-02T15:00:00Z", "hubspot_owner_id": str(id % 90), "hs_call_duration": "61000",
                      "hs_call_direction": "OUTBOUND", "hs_call_title": f"Call number {id} about the renewal"}  # fmt: skip
        fake.add("calls", id, dict(properties), updated=FIRST + timedelta(seconds=id))
        fake.link("calls", id, "contacts", id * 7)
    return fake


def fill_salesforce(rows: int) -> Any:
    from tests.sources.fakes.salesforce import FakeSalesforce
    from tests.sources.salesforce.conftest import task

    fake = FakeSalesforce()
    fake.org.add("Task", [task(number, FIRST + timedelta(seconds=number)) for number in range(rows)])
    return fake


def fill_pipedrive(rows: int) -> Any:
    from tests.sources.fakes.pipedrive import FakePipedrive, rfc3339

    fake = FakePipedrive(NOW)
    for id in range(1, rows + 1):
        at = rfc3339(FIRST + timedelta(seconds=id))
        fake.put("activities", id=id, type="call", owner_id=id % 90, done=True, due_date="2026-03-02", due_time="15:00:00",
                 subject=f"Call number {id} about the renewal", duration="00:01:00", add_time=at, update_time=at,
                 marked_as_done_time=at)  # fmt: skip
    return fake


def serve(fill: Callable[[int], Any], rows: int, pipe: Connection) -> None:
    """The vendor, on the last core, until the other end closes."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    with fill(rows) as fake:
        pipe.send(fake.url)
        pipe.recv()


@contextmanager
def vendor(fill: Callable[[int], Any], rows: int) -> Iterator[str]:
    """Its address."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=serve, args=(fill, rows, theirs), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        ours.send("end")
        process.join()


class Account:
    """A source with its connector, which never waits."""

    def __init__(self, crm: str, url: str) -> None:
        module = __import__(f"pipelines.sources.{crm}.api", fromlist=["connect"])
        secrets = _secrets(crm)
        api = ApiSettings.model_validate({"base_url": url} | {name: f"env:{name.upper()}" for name in secrets})
        self.source = Source.model_validate({"name": crm, "kind": f"{crm}_api", "api": api})
        self.connector = module.connect(api, secrets, **_no_waiting(module.connect))

    def fetch(self, name: str, since: datetime | None, folder: Path) -> Fetched:
        """One window, landed whole."""
        wanted = next(one for one in self.connector.objects() if one.name == name)
        window = Window(since, NOW + timedelta(days=1))
        shelf = Shelf(folder / "shelf" / name, folder / "landed", wanted)
        shelf.take(window, lambda resume: self.connector.pages(wanted, window, resume))
        return shelf.finish(NOW)

    def stage(self, name: str, whole: Fetched, folder: Path) -> int:
        """Typed, judged rows of the window; how many there are."""
        reading = next(one for one in readings_of(self.source, folder, name) if one.entity == "activities")
        with Warehouse(threads=1) as warehouse:
            connection = warehouse.connection
            connection.execute("attach ':memory:' as private")
            create_private_tables(connection)
            create_key_macros(connection, b"bench")
            create_staged_table(connection, CONTRACTS["activities"])
            plan = plan_entity(Settings(), reading, "activities")
            found = [
                ingest_file(
                    connection, plan, folder / "landed" / file.sha256, file.name, "1", number, folder / "scratch"
                )
                for number, file in enumerate(whole.files, start=1)
            ]
        return sum(one.rows_valid for one in found)


def _secrets(crm: str) -> dict[str, str]:
    if crm == "salesforce":
        from tests.sources.salesforce.conftest import SECRETS

        return SECRETS
    module = __import__(f"tests.sources.fakes.{crm}", fromlist=["TOKEN"])
    return {"token": module.TOKEN}


def _no_waiting(connect: Callable[..., Any]) -> dict[str, Any]:
    """A pause that moves the clock: the connector keeps its own pace in no time."""
    spent = [0.0]

    def pause(seconds: float) -> None:
        spent[0] += seconds

    options: dict[str, Any] = {"pause": pause}
    if "clock" in connect.__code__.co_varnames:
        options["clock"] = lambda: time.monotonic() + spent[0]
    return options


CASES = (
    ("HubSpot, lists", fill_hubspot, "hubspot", "calls", None, 1900.0),
    ("HubSpot, search", fill_hubspot, "hubspot", "calls", FIRST, 1000.0),
    ("Salesforce, Bulk 2.0", fill_salesforce, "salesforce", "Task", None, None),
    ("Pipedrive, lists", fill_pipedrive, "pipedrive", "activities", None, None),
)


def measure(
    fill: Callable[[int], Any], crm: str, name: str, since: datetime | None, rows: int
) -> tuple[float, float, int]:
    """Records a CPU second, landed and staged; bytes."""
    with vendor(fill, rows) as url, tempfile.TemporaryDirectory() as scratch:
        account = Account(crm, url)
        begun = time.process_time()
        whole = account.fetch(name, since, Path(scratch))
        landed = time.process_time() - begun
        assert whole.records >= rows, f"{whole.records} of {rows} records came"
        assert account.stage(name, whole, Path(scratch)) >= rows
        staged = time.process_time() - begun
        account.connector.close()
    return rows / landed, rows / staged, sum(file.size for file in whole.files)


def main() -> None:
    """Prints a line a way of asking."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=50_000)
    options.add_argument("--runs", type=int, default=3)
    chosen = options.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    print(f"{chosen.rows:,} records, median of {chosen.runs}, one core for us and one for the vendor")
    for title, fill, crm, name, since, permitted in CASES:
        runs = [measure(fill, crm, name, since, chosen.rows) for _ in range(chosen.runs)]
        landed, staged = (statistics.median(run[place] for run in runs) for place in (0, 1))
        ratio = "" if permitted is None else f" = {staged / permitted:.1f} × the documented {permitted:,.0f}"
        size = runs[0][2] / chosen.rows
        print(
            f"{title:<22} landed {landed:>8,.0f} a CPU second, staged {staged:>8,.0f}{ratio} ({size:,.0f} bytes each)"
        )


if __name__ == "__main__":
    main()
