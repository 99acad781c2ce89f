"""`touchline status`: the last nights, and what stands published: freshness, rows, loads, checks, quarantine, disk."""

from __future__ import annotations

from datetime import UTC, datetime

from pipelines.commands.options import HomeOption, JsonOption, workspace_at
from pipelines.commands.pages import Page, print_json
from pipelines.commands.standing import read_standing
from pipelines.commands.status_page import show_standing
from pipelines.commands.uncredited import show_uncredited


def status(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Show the last nights, freshness by source, row accounting, loads, checks, quarantine, disk, and how many alerts fire."""
    from pipelines.commands.alert_words import alerts_line
    from pipelines.commands.alerted import board_or_problem

    workspace = workspace_at(home)
    workspace.must_exist()
    standing, now = read_standing(workspace), datetime.now(UTC)
    board = board_or_problem(workspace, now)
    if as_json:
        firing = None if isinstance(board, str) else board.firing_by_severity()
        print_json({**standing.to_json(), "alerts_firing": firing})
    else:
        out = Page()
        show_standing(out, standing, now, alerts_line(board))
        show_uncredited(out, workspace)
