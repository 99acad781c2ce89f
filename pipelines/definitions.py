"""Everything Dagster knows of this project, assembled when the code location loads; importing this reads nothing.

The location works without a workspace: it then shows the tables, and a run says how to make one.
"""

from __future__ import annotations

import os
from pathlib import Path

import dagster as dg

from models.settings import Settings
from pipelines.assets.night import night_assets
from pipelines.assets.table_specs import describe_night
from pipelines.jobs import nightly_job
from pipelines.night.run import SQL_FOLDER
from pipelines.night.steps import Progress
from pipelines.night.workspace import Workspace
from sql.catalog import load_catalogue
from sql.ledger import ledger_tables


def build_definitions(workspace: Workspace, progress: Progress | None = None) -> dg.Definitions:
    """The assets, checks and jobs of a workspace; progress goes to the run's log unless said otherwise."""
    settings = workspace.settings() if workspace.exists() else Settings()
    catalogue = load_catalogue(SQL_FOLDER, inputs=ledger_tables())
    assets = describe_night(catalogue, {source.name: source.kind for source in settings.sources})
    return dg.Definitions(assets=[night_assets(workspace, assets, progress)], jobs=[nightly_job()])


@dg.definitions
def defs() -> dg.Definitions:
    """For the web UI and Dagster's commands: the workspace at TOUCHLINE_HOME, else ./workspace."""
    return build_definitions(Workspace(Path(os.environ.get("TOUCHLINE_HOME") or "workspace").resolve()))
