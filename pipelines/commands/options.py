"""The options that several commands share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from pipelines.night.workspace import Workspace

HomeOption = Annotated[
    Path | None,
    typer.Option("--home", help="The workspace; default $TOUCHLINE_HOME, else ./workspace.", show_default=False),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of a page for people.")]
AsOfOption = Annotated[
    str | None,
    typer.Option(
        "--as-of",
        metavar="INSTANT",
        help="The instant everything is judged at: ISO, or a date (the end of that day in the company's time zone).",
    ),
]


def workspace_at(home: Path | None) -> Workspace:
    """The workspace a command is about, made or not: `--home`, else TOUCHLINE_HOME, else ./workspace."""
    folder = home or Path(os.environ.get("TOUCHLINE_HOME") or "workspace")
    return Workspace(folder.expanduser().resolve())
