"""`touchline init`: makes a workspace."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from models.errors import UsageError
from pipelines.commands.options import HomeOption, JsonOption, workspace_at
from pipelines.commands.pages import Page, print_json
from pipelines.new_workspace import make_workspace


def init(
    directory: Annotated[Path | None, typer.Argument(metavar="[DIR]", help="The folder to make.")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a workspace: settings with every key explained, an inbox, and room for what the nights publish."""
    if directory and home and directory.resolve() != home.resolve():
        raise UsageError(f"Two folders are named: {directory} and --home {home}", "Name one.")
    workspace = make_workspace(workspace_at(directory or home).home)
    if as_json:
        print_json({"home": str(workspace.home), "settings": str(workspace.settings_file)})
        return
    out = Page()
    out.line(f"Made the workspace {workspace.home}")
    out.line(f"  1. Say who you are in {workspace.settings_file}")
    out.line(f"  2. Drop exports into {workspace.inbox / 'crm'}")
    out.line(f"  3. touchline run --home {workspace.home}")
