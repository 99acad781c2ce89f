"""`touchline status`: what stands published, which alerts fire, the last nights; rows, loads, checks, quarantine, disk."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from pipelines.commands.options import HomeOption, JsonOption, workspace_at
from pipelines.commands.pages import Page, print_json
from pipelines.commands.standing import read_standing
from pipelines.commands.status_page import show_standing
from pipelines.commands.uncredited import show_uncredited


def status(
    home: HomeOption = None,
    everything: Annotated[
        bool, typer.Option("--all", help="On a terminal also rows by entity, files, rejected rows by rule, the disk.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Show what is published, where its rows went, which alerts fire, how fresh sources are, the last nights, and what to do.

    A pipe or a file gets everything, as --all does: rows by entity, loads, quarantine by rule, restated periods, the disk.
    """
    from pipelines.commands.alerted import board_or_problem
    from pipelines.commands.alerts_page import show_firing

    workspace = workspace_at(home)
    workspace.must_exist()
    standing, now = read_standing(workspace), datetime.now(UTC)
    board = board_or_problem(workspace, now)
    if as_json:
        firing = None if isinstance(board, str) else board.firing_by_severity()
        print_json({**standing.to_json(), "alerts_firing": firing})
    else:
        out = Page()
        whole = everything or not out.is_terminal
        show_standing(out, standing, now, lambda: show_firing(out, board), whole)
        show_uncredited(out, workspace)
