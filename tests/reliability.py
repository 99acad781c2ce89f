"""Figures that tests found out, for docs/reliability.md: a JSON line each, in the file that TOUCHLINE_RELIABILITY names."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path


def record(promise: str, figure: Mapping[str, int | float | str]) -> None:
    """Appends one finding of this run; nothing when the variable is unset."""
    name = os.environ.get("TOUCHLINE_RELIABILITY")
    if not name:
        return
    line = json.dumps({"promise": promise, **figure}, sort_keys=True) + "\n"
    with Path(name).open("a", encoding="utf-8") as file:
        file.write(line)
