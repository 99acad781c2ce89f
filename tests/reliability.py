"""Figures of a test run, for the table of what was proven (docs/reliability.md).

As a pytest plugin (`-p tests.reliability`) it also writes how each test ended.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest


def tried_here(many: int) -> int:
    """How often to try: all of it for the page, which says how often; a third of it otherwise, with seeds that differ."""
    return many if os.environ.get("TOUCHLINE_RELIABILITY") else max(many // 3, 1)


def record(promise: str, figure: str, tried: int = 0) -> None:
    """Appends a figure to the file that TOUCHLINE_RELIABILITY names; without it nothing is written.

    `promise` is one of reliability.yaml; `tried` counts what several tests of one promise do alike.
    """
    _write({"promise": promise, "figure": figure, "tried": tried})


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """One line a test, by the process that hears of all of them."""
    if "PYTEST_XDIST_WORKER" not in os.environ and (report.when == "call" or report.skipped or report.failed):
        _write({"test": report.nodeid, "outcome": report.outcome})


def _write(line: dict[str, object]) -> None:
    path = os.environ.get("TOUCHLINE_RELIABILITY")
    if path:
        with Path(path).open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(line) + "\n")
