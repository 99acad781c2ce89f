"""Figures of a test run, for the table of what was proven."""

from __future__ import annotations

import json
import os
from pathlib import Path


def record(promise: str, figure: str) -> None:
    """Appends a figure to the file that TOUCHLINE_RELIABILITY names; without it nothing is written."""
    path = os.environ.get("TOUCHLINE_RELIABILITY")
    if path:
        with Path(path).open("a", encoding="utf-8") as lines:
            lines.write(json.dumps({"promise": promise, "figure": figure}) + "\n")
