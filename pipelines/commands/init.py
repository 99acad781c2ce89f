"""`touchline init`: makes a workspace."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from models.errors import UsageError
from pipelines.commands.options import HomeOption, JsonOption, workspace_at
from pipelines.commands.pages import Page, print_json
from pipelines.commands.questions import ask_for_settings, is_somebody_there
from pipelines.new_workspace import make_workspace, template


def init(
    directory: Annotated[Path | None, typer.Argument(metavar="[DIR]", help="The folder to make.")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a workspace: settings with every key explained, an inbox, and room for what the nights publish.

    In a terminal five questions fill in the settings; Enter takes what stands in brackets.
    """
    if directory and home and directory.resolve() != home.resolve():
        raise UsageError(f"Two folders are named: {directory} and --home {home}", "Name one.")
    there = workspace_at(directory or home)
    is_asked = not (as_json or there.exists()) and is_somebody_there()
    workspace = make_workspace(there.home, ask_for_settings(template("touchline.yaml")) if is_asked else None)
    if as_json:
        print_json({"home": str(workspace.home), "settings": str(workspace.settings_file)})
        return
    out = Page()
    out.line(f"Made the workspace {workspace.home}")
    out.line(f"  1. Say who you are in {workspace.settings_file}")
    folders = [workspace.home / source.path for source in workspace.settings().sources]
    out.line(f"  2. Drop exports into {', '.join(map(str, folders))}")
    out.line(f"  3. touchline run --home {workspace.home}")
