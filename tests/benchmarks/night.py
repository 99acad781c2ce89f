"""One night in a process of its own, without an orchestrator. Usage: python night.py WORKSPACE"""

import sys
from datetime import UTC, datetime
from pathlib import Path

from pipelines.night.run import NightRequest, run_night
from pipelines.night.workspace import Workspace

if __name__ == "__main__":
    workspace = Workspace(Path(sys.argv[1]))
    instant = datetime(2026, 6, 30, 23, 59, 59, 999999, tzinfo=UTC)
    run_night(NightRequest(workspace, instant, instant, "bench"), workspace.settings())
