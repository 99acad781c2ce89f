"""Everything Dagster knows of this project, assembled when the code location loads; importing this reads nothing.

The location works without a workspace: it then shows the tables, and a run says how to make one.
"""

from __future__ import annotations

import os
from pathlib import Path

import dagster as dg

from models.settings import Settings
from pipelines.assets.night import NightProgress, landing_assets, night_assets
from pipelines.assets.table_specs import night_tables
from pipelines.jobs import nightly_job
from pipelines.workspace import Workspace
from sql.catalog import load_catalogue


def build_definitions(workspace: Workspace, progress: NightProgress | None = None) -> dg.Definitions:
    """The assets, checks and jobs of a workspace; progress goes to the run's log unless said otherwise."""
    settings = workspace.settings() if workspace.exists() else Settings()
    tables = night_tables(load_catalogue(), sorted({source.name for source in settings.sources}))
    landing = [landing_assets(workspace, settings)] if settings.sources else []
    return dg.Definitions(assets=[*landing, night_assets(workspace, tables, progress)], jobs=[nightly_job()])


@dg.definitions
def defs() -> dg.Definitions:
    """For the web UI and Dagster's commands: the workspace at TOUCHLINE_HOME, else ./workspace."""
    return build_definitions(Workspace(Path(os.environ.get("TOUCHLINE_HOME") or "workspace").resolve()))
