"""A first load of 200,000 activities by a search that ends at 10,000 records, with a 429 every fifty requests: every row
once, though the night is killed fifty times."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cheap_nights import CHEAP
from tests.reliability import record
from tests.runs.conftest import Office
from tests.runs.test_api_nights import CALLS
from tests.sources.fakes.hubspot import TOKEN, FakeHubSpot

ROWS, SAME_MILLISECOND, KILLS = 200_000, 12_000, 50
NOW = datetime(2026, 4, 2, 7, tzinfo=UTC)
FIRST = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def crowd() -> Iterator[FakeHubSpot]:
    """200,000 calls, the last 12,000 of them changed in one millisecond."""
    with FakeHubSpot() as fake:
        fake.now = NOW - timedelta(hours=1)
        for id in range(1, ROWS + 1):
            at = min(id, ROWS - SAME_MILLISECOND)
            fake.add("calls", id, {"hs_timestamp": "2026-03-02T15:00:00Z"}, updated=FIRST + timedelta(seconds=30 * at))
        fake.limit_every = 50
        fake.limit_headers = {"Retry-After": "0"}
        yield fake


@pytest.fixture
def crowd_office(office: Office, crowd: FakeHubSpot) -> Office:
    office.deliver("calls.yaml", CALLS.encode(), "mappings")
    office.configure(
        "company: {timezone: UTC}\n"
        "sources: [{name: hub, kind: hubspot_api, mappings: mappings, api: {token: 'env:HUBSPOT_TOKEN',"
        f" base_url: '{crowd.url}', objects: [calls], first_load_from: 2025-12-31, check_ids_every_days: 0}}}}]\n"
    )
    return office


def start(office: Office) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("api_night.py")), str(office.workspace.home), NOW.isoformat()],
        env={**os.environ, **CHEAP, "HUBSPOT_TOKEN": TOKEN, "PYTHONPATH": str(Path(__file__).parents[2])},
        stderr=subprocess.PIPE,
    )


def every_row_once(office: Office) -> None:
    [(rows, distinct, touches)] = office.query(
        "select count(*), count(distinct activity_id), (select sum(touches) from marts.rep_type_activity"
        " where period_grain = 'month') from core.fct_activity"
    )
    [(read, accepted, duplicate)] = office.query(
        "select sum(rows_read), sum(rows_accepted), sum(rows_duplicate) from ops.load_accounting"
    )
    assert (rows, distinct, accepted) == (ROWS, ROWS, ROWS)
    assert read == accepted + duplicate
    assert touches in (None, 0)  # nobody is on a roster


@pytest.mark.slow
def test_killed_fifty_times(crowd_office, crowd):
    seed = random.randrange(1 << 30)
    print("seed", seed)
    chance = random.Random(seed)
    kills = 0
    while kills < KILLS:
        begun, process = len(crowd.asked), start(crowd_office)
        after = chance.randint(1, 40)
        while process.poll() is None and len(crowd.asked) < begun + after:
            crowd.wait_for_request(len(crowd.asked))
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            kills += 1
        process.communicate()
        if process.returncode == 0:
            break
    print("kills", kills, "requests", len(crowd.asked))
    process = start(crowd_office)
    _, said = process.communicate()
    assert process.returncode == 0, said.decode()
    every_row_once(crowd_office)
    figure = f"{ROWS:,} records, {kills} kills, a 429 at every fiftieth of {len(crowd.asked):,} requests (seed {seed})"
    record("a killed load of an API has every record once", figure, kills)
    limits = [
        one.value["limit"] for one in crowd.asked if one.path.endswith("/search") and "limit" in (one.value or {})
    ]
    assert limits and max(limits) <= 200
