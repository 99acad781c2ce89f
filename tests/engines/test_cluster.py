"""Nights whose tables a standalone cluster of Apache Spark makes: the tables of DuckDB's nights, also when a worker dies."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.errors import TouchlineError
from pipelines.demo import DEMO_AS_OF
from tests.cheap_nights import ALL_MARTS
from tests.engines.cluster import Cluster, spark_cluster
from tests.engines.test_nights import on_engine, two_nights

pytestmark = pytest.mark.slow


@pytest.fixture
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    home = os.environ.get("SPARK_HOME")
    if not home or not Path(home, "jars").is_dir():
        pytest.skip("SPARK_HOME names no Apache Spark: `make test-cluster` installs one and runs these tests")
    with spark_cluster(Path(home), tmp_path_factory.mktemp("cluster")) as running:
        yield running


def test_two_nights_on_a_cluster_publish_the_same_tables_as_two_on_duckdb(cluster: Cluster, tmp_path: Path) -> None:
    _, here = two_nights(tmp_path / "here", dict(ALL_MARTS))
    _, there = two_nights(tmp_path / "there", on_engine(cluster.address))
    for night, tables in enumerate(here):
        assert [table for table in tables if there[night].get(table) != tables[table]] == [], f"night {night + 1}"


class KillingAWorker:
    """A Progress that ends a worker, with its executor, once some tables are made."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster, self.at = cluster, ""

    def step(self, name: str) -> None:
        self.at = name

    def advance(self, done: int, total: int) -> None:
        if self.at == "tables" and done == total // 3:
            self.cluster.workers[0].kill()


def test_a_worker_that_dies_in_a_night_changes_nothing_that_is_published(cluster: Cluster, tmp_path: Path) -> None:
    office, hashes = two_nights(tmp_path / "home", dict(ALL_MARTS))
    published = office.workspace.published.resolve()
    office.environment = on_engine(cluster.address)
    try:
        office.night(as_of=DEMO_AS_OF, progress=KillingAWorker(cluster), full_refresh=True)
    except TouchlineError:
        assert office.workspace.published.resolve() == published
    else:
        assert office.workspace.published.resolve() != published
    assert office.hashes() == hashes[-1]
