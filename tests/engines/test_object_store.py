"""Nights whose tables pass through an object store: Sail and this machine reach a real server that speaks S3 (moto)."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cheap_nights import CHEAP
from tests.engines.servers import sail_server
from tests.runs.conftest import Office
from tests.storage.conftest import CALL, KEYS, REP, Bucket

pytestmark = pytest.mark.slow


@pytest.fixture
def sail_near_s3(bucket: Bucket) -> Iterator[str]:
    if importlib.util.find_spec("pysail") is None:
        pytest.skip("pysail is not installed here: `make test-slow` runs these tests in .venv-spark, which has it")
    with sail_server(AWS_ENDPOINT_URL=bucket.endpoint, AWS_ALLOW_HTTP="true", AWS_REGION="us-east-1", **KEYS) as server:
        yield server.address


def nights(home: Path, environment: dict[str, str]) -> tuple[Office, list[dict[str, str]]]:
    """A first night and one with a call on another day of the quarter, whose figures stand on both; hashes after each."""
    office, hashes = Office(home), []
    office.environment = CHEAP | environment
    office.deliver("reps.csv", [REP])
    for night in (1, 2):
        call = CALL | {
            "source_record_id": f"A{night}",
            "contact_id": "C1",
            "occurred_at": f"2026-03-0{night}T15:00:00Z",
        }
        office.deliver(f"activities_{night}.csv", [call])
        office.night()
        hashes.append(office.hashes())
    return office, hashes


def test_nights_through_an_object_store_publish_the_tables_of_duckdb(
    sail_near_s3: str, bucket: Bucket, tmp_path: Path
) -> None:
    _, here = nights(tmp_path / "here", {})
    there_environment = {
        "TOUCHLINE__ENGINE__KIND": "spark_connect",
        "TOUCHLINE__ENGINE__SPARK_CONNECT__URL": sail_near_s3,
        "TOUCHLINE__ENGINE__SPARK_CONNECT__STORAGE": bucket.url,
        "TOUCHLINE__STORAGE__ENDPOINT": bucket.endpoint,
    }
    office, there = nights(tmp_path / "there", there_environment)
    for night, tables in enumerate(here):
        assert [table for table in tables if there[night].get(table) != tables[table]] == [], f"night {night + 1}"
    left = {one.key.split("/")[0] for one in bucket.place().list()}
    assert left == {"touchline_kept"}
    assert not (office.workspace.building / "engine").exists()
    office.environment = dict(CHEAP) | {"TOUCHLINE__STORAGE__ENDPOINT": bucket.endpoint}
    office.night(full_refresh=True)
    assert bucket.place().list() == []
