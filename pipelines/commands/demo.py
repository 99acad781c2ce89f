"""`touchline demo`: writes a made-up company's CRM exports into a workspace."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from models.errors import UsageError
from pipelines.commands.options import AsOfOption, HomeOption, JsonOption, workspace_at
from pipelines.commands.pages import Page, count, print_json
from pipelines.instants import parse_as_of
from pipelines.new_workspace import make_workspace, template
from pipelines.night.workspace import Workspace

if TYPE_CHECKING:
    from pipelines.demo import DemoSummary


def demo(
    reps: Annotated[
        int | None, typer.Option(min=1, help="Sellers; default 24, or as many as so many --events take.")
    ] = None,
    days: Annotated[int, typer.Option(min=1, help="Days of history.")] = 180,
    events: Annotated[int | None, typer.Option(min=0, help="Activities; default what so many reps do.")] = None,
    seed: Annotated[int, typer.Option(help="Another seed is another company.")] = 7,
    as_of: AsOfOption = None,
    if_empty: Annotated[bool, typer.Option("--if-empty", help="Do nothing when the inbox holds files.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a realistic company's exports, the same for the same arguments, into a workspace (made when missing)."""
    workspace = workspace_at(home)
    if if_empty and _holds_files(workspace):
        return
    if as_of is not None:
        parse_as_of(as_of, "UTC")  # before anything is made
    _make_demo_workspace(workspace)
    summary = _write(workspace, as_of, reps=reps, days=days, events=events, seed=seed)
    if as_json:
        stories = [story.as_record() for story in summary.stories]
        print_json({"home": str(workspace.home), **asdict(summary), "stories": stories})
    else:
        _show(workspace, summary)


def _holds_files(workspace: Workspace) -> bool:
    return any(path.is_file() for path in workspace.inbox.rglob("*"))


def _is_untouched(workspace: Workspace) -> bool:
    """As `init` made it: the settings as they are shipped serve a company as well, so nothing may have been delivered."""
    is_shipped = workspace.settings_file.read_text(encoding="utf-8") == template("touchline.yaml")
    return is_shipped and not _holds_files(workspace) and not workspace.published_file.exists()


def _make_demo_workspace(workspace: Workspace) -> None:
    """A workspace with the demo company's settings; settings that a person wrote are never replaced."""
    from pipelines.demo import demo_settings

    if not workspace.exists():
        make_workspace(workspace.home, demo_settings())
    elif _is_untouched(workspace):
        workspace.settings_file.write_text(demo_settings(), encoding="utf-8")
    elif not workspace.demo_as_of.exists():
        raise UsageError(
            f"{workspace.home} is a company's own workspace: the demo would mix made-up rows with its rows",
            "Write the demo elsewhere: touchline demo --home ./demo",
        )


def _write(workspace: Workspace, as_of: str | None, **size: Any) -> DemoSummary:
    from pipelines.commands.progress import progress_here
    from pipelines.demo import DEMO_AS_OF, write_demo

    instant = DEMO_AS_OF if as_of is None else parse_as_of(as_of, workspace.settings().company.timezone)
    with progress_here() as progress:
        progress.step("activities")
        inbox = workspace.inbox
        summary = write_demo(inbox / "crm", as_of=instant, progress=progress.advance, dialer=inbox / "dialer", **size)
    written = {file.name for file in summary.files}
    for path in inbox.rglob("*"):
        if path.name in written:  # dated as the CRM would have: no night waits to see whether they grow
            os.utime(path, (instant.timestamp(), instant.timestamp()))
    workspace.demo_as_of.write_text(instant.isoformat() + "\n", encoding="utf-8")
    told = json.dumps([story.as_record() for story in summary.stories], indent=2, ensure_ascii=False)
    workspace.demo_stories.write_text(told + "\n", encoding="utf-8")
    return summary


def _show(workspace: Workspace, summary: DemoSummary) -> None:
    out = Page()
    out.line(f"Wrote a demo company into {workspace.inbox}")
    for file in summary.files:
        dirt = f", {count(file.broken)} of them broken on purpose" if file.broken else ""
        out.line(f"  {file.name}: {count(file.rows)} rows{dirt}")
    if summary.stories:
        out.line(f"Planted for alerts and reports to find (as figures in {workspace.demo_stories}):")
    for story in summary.stories:
        out.line(f"  {story.name}: {story.sentence}")
    as_of = workspace.demo_as_of.read_text(encoding="utf-8").strip()
    out.line(f"The night to run on it: touchline run --home {workspace.home} --as-of {as_of}")
