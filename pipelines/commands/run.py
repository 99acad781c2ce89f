"""`touchline run`: one night, as a Dagster run of this process, and what came of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from models.errors import BlockedError
from pipelines.commands.alerts_delivery import deliver_after_night
from pipelines.commands.night_page import show_night
from pipelines.commands.options import AsOfOption, HomeOption, JsonOption, workspace_at
from pipelines.commands.pages import Page, print_json
from pipelines.commands.uncredited import show_uncredited
from pipelines.instants import parse_as_of
from pipelines.night.history import recorded_night
from pipelines.night.workspace import Workspace

if TYPE_CHECKING:
    from models.settings import Settings
    from pipelines.night.outcome import NightOutcome


def run(
    as_of: AsOfOption = None,
    full_refresh: Annotated[
        bool, typer.Option("--full-refresh", help="Rebuild every table from all that was ever landed.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Build and check, and publish nothing.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take in what is new, rebuild what it touches, check it, and publish it. Default as of now."""
    workspace = workspace_at(home)
    settings = workspace.settings()
    instant = datetime.now(UTC) if as_of is None else parse_as_of(as_of, settings.company.timezone)
    try:
        outcome = _run_night(workspace, settings, instant, full_refresh, dry_run)
        show_outcome(workspace, outcome, as_json)
    except BlockedError:
        show_outcome(workspace, recorded_night(workspace), as_json)
        raise
    finally:
        told = None if dry_run else deliver_after_night(workspace, settings)
        if told and not as_json:
            Page().line(told)


def _run_night(
    workspace: Workspace, settings: Settings, as_of: datetime, full_refresh: bool, dry_run: bool
) -> NightOutcome:
    """The night. Neither a dry run nor a night with nothing new is a Dagster run: nothing comes of them to record."""
    from pipelines.commands.progress import progress_here
    from pipelines.night.run import NightRequest, find_nothing_new, run_night

    request = NightRequest(workspace, as_of, datetime.now(UTC), "dry-run" if dry_run else "", full_refresh, dry_run)
    with progress_here() as progress:
        if dry_run:
            return run_night(request, settings, progress)
        outcome = find_nothing_new(request, settings, progress)
        if outcome is not None:
            return outcome
        from pipelines.night.audit import auditor_ahead

        with auditor_ahead(settings):  # it imports for seconds, and so does Dagster
            from pipelines.jobs import run_nightly

            run_nightly(workspace, as_of, full_refresh, progress)
        return recorded_night(workspace)


def show_outcome(workspace: Workspace, outcome: NightOutcome, as_json: bool) -> None:
    """What came of a night and, when it stands, which alerts fire; as a page or as JSON."""
    if as_json:
        print_json(outcome.to_json())
        return
    out = Page()
    show_night(out, outcome, workspace.published_file)
    if outcome.status in ("published", "nothing_new"):
        show_uncredited(out, workspace)
        from pipelines.commands.alerted import board_or_problem
        from pipelines.commands.alerts_page import show_firing

        show_firing(out, board_or_problem(workspace, datetime.now(UTC)))
        report = workspace.published_file.parent / "report" / "index.html"
        if report.exists():
            out.line(f"\nLook at it in a browser: {report}")
