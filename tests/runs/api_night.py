"""A process that is killed: one night of a workspace with an API source. `python api_night.py HOME STARTED_AT`.

It keeps no pace: that nights do is shown in tests/sources, and here it would be minutes of waiting.
"""

from __future__ import annotations

import sys
import time
from datetime import datetime
from pathlib import Path

time.sleep = lambda seconds: None  # before the connectors take it for their pause

from pipelines.night.run import NightRequest, run_night  # noqa: E402
from pipelines.night.workspace import Workspace  # noqa: E402


def main(home: str, started: str) -> None:
    workspace = Workspace(Path(home))
    now = datetime.fromisoformat(started)
    run_night(NightRequest(workspace, now, now, "run"), workspace.settings())


if __name__ == "__main__":
    main(*sys.argv[1:])
