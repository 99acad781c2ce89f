"""One Sail for all tests of a session; they are skipped where the extra is not installed."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from typing import Any

import pytest

from models.engine_settings import SparkConnect
from sql.engines.session import open_session
from tests.engines.servers import sail_server
from tests.runs.conftest import open_office  # noqa: F401
from tests.storage.conftest import bucket, s3_server  # noqa: F401


@pytest.fixture(scope="session")
def sail() -> Iterator[str]:
    for package in ("pyspark", "pysail"):
        if importlib.util.find_spec(package) is None:
            pytest.skip(
                f"{package} is not installed here: `make test-slow` runs these tests in .venv-spark, which has it"
            )
    with sail_server() as server:
        yield server.address


@pytest.fixture(scope="session")
def session(sail: str) -> Iterator[Any]:
    with open_session(SparkConnect(url=sail, storage="engine")) as opened:
        yield opened
