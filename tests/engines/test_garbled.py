"""An engine's answer that cannot be read is asked for once more; any other fault ends the build at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sql.catalog import load_catalogue
from sql.engines.spark import SparkEngine
from sql.engines.storage import Folder

MODEL = "core.dim_period"


class EngineError(Exception):
    """As pyspark's: told by their module, since it need not be installed."""

    __module__ = "pyspark.errors.exceptions.connect"


class Server:
    """Stands for a session and its frames; its first answers are faults."""

    schema = write = read = property(lambda self: self)

    def __init__(self, *faults: str) -> None:
        self.faults, self.asked = list(faults), 0

    def parquet(self, path: str) -> Any:
        self.asked += 1
        if self.faults:
            raise EngineError(self.faults.pop(0))
        return self

    def __getattr__(self, name: str) -> Any:
        return lambda *arguments: self


@pytest.fixture(scope="module")
def catalogue():
    return load_catalogue(Path(__file__).parents[2] / "sql")


def test_a_garbled_answer_is_asked_for_once_more(catalogue, tmp_path):
    server = Server("details = 'Exception deserializing response!'")
    assert "where false" in SparkEngine(server, Folder(tmp_path), catalogue).store(catalogue.models[MODEL])
    assert server.asked == 2


@pytest.mark.parametrize("faults", [["no such column"], ["Exception deserializing response!"] * 2])
def test_any_other_fault_and_a_second_one_end_the_build(catalogue, tmp_path, faults):
    server = Server(*faults)
    with pytest.raises(EngineError):
        SparkEngine(server, Folder(tmp_path), catalogue).store(catalogue.models[MODEL])
    assert server.asked == len(faults)
