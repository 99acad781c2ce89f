"""`touchline status`: the last nights, and what stands published: freshness, rows, loads, checks, quarantine, disk."""

from __future__ import annotations

from datetime import UTC, datetime

from pipelines.commands.options import HomeOption, JsonOption, workspace_at
from pipelines.commands.pages import Page, print_json
from pipelines.commands.standing import read_standing
from pipelines.commands.status_page import show_standing


def status(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Show the last nights, freshness by source, row accounting, loads, checks, quarantine and disk."""
    workspace = workspace_at(home)
    workspace.must_exist()
    standing = read_standing(workspace)
    if as_json:
        print_json(standing.to_json())
    else:
        show_standing(Page(), standing, datetime.now(UTC))
