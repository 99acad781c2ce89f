"""`touchline inspect`: says what a file is and proposes a mapping; writes nothing."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from models.errors import UsageError
from pipelines.commands.options import HomeOption, JsonOption, workspace_at
from pipelines.commands.pages import Page, print_json

if TYPE_CHECKING:
    pass


def inspect(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An export, as it came.")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what a file is, propose a mapping to paste, show mapped rows and what would be rejected."""
    from models.settings import Settings
    from pipelines.sources.inspecting import inspect_file

    if not file.is_file():
        raise UsageError(f"{file} is no file", "Name an export, such as inbox/crm/activities.csv.")
    workspace = workspace_at(home)
    found = inspect_file(file, workspace.settings() if workspace.exists() else Settings())
    if as_json:
        print_json(asdict(found))
    else:
        _show(Page(), file, found)


def _show(out: Page, file: Path, found: Inspection) -> None:
    pass
