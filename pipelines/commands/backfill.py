"""`touchline backfill`: rebuilds the tables of some days from what core holds, and publishes them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from models.errors import BlockedError, TouchlineError
from pipelines.commands.options import HomeOption, JsonOption, workspace_at
from pipelines.commands.run import show_outcome
from pipelines.night.history import recorded_night


def backfill(
    first: Annotated[str, typer.Option("--from", metavar="DATE", help="First company day.")],
    last: Annotated[str, typer.Option("--to", metavar="DATE", help="Last company day, included.")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Rebuild a window of days from what was loaded, at the published as_of. New files and orders wait for a night."""
    from pipelines.commands.progress import progress_here
    from pipelines.night.backfill import parse_window
    from pipelines.night.generation import current_generation
    from pipelines.night.plan import NightRequest, make_plan
    from pipelines.night.publication import read_publication

    workspace = workspace_at(home)
    settings = workspace.settings()
    window = parse_window(first, last)
    published = current_generation(workspace)
    if published is None:
        raise TouchlineError(
            f"Nothing is published in {workspace.home} yet", f"Run a night: touchline run --home {workspace.home}"
        )
    as_of = read_publication(published)[0]["as_of"]
    assert isinstance(as_of, datetime)
    # What cannot be built is refused here, before it is a run that failed.
    make_plan(NightRequest(workspace, as_of, datetime.now(UTC), "", window=window), settings, [])
    from pipelines.jobs import run_nightly

    with progress_here() as progress:
        try:
            run_nightly(workspace, as_of, False, progress, window)
        except BlockedError:
            show_outcome(workspace, recorded_night(workspace), as_json)
            raise
    show_outcome(workspace, recorded_night(workspace), as_json)
