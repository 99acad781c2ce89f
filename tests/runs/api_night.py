"""A process that is killed: one night of a workspace with an API source. `python api_night.py HOME STARTED_AT`."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

from pipelines.night.run import NightRequest, run_night
from pipelines.night.workspace import Workspace


def main(home: str, started: str) -> None:
    workspace = Workspace(Path(home))
    now = datetime.fromisoformat(started)
    run_night(NightRequest(workspace, now, now, "run"), workspace.settings())


if __name__ == "__main__":
    main(*sys.argv[1:])
