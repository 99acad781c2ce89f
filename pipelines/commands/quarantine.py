"""`touchline quarantine list | show | replay | discard`: rejected rows and refused files, and what to do with them."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from models.errors import UsageError
from models.personal import masked_name
from pipelines.commands.options import HomeOption, JsonOption, workspace_at
from pipelines.commands.pages import Page, print_json
from pipelines.commands.quarantined import Choice, counted
from pipelines.night.workspace import Workspace

if TYPE_CHECKING:
    from pipelines.night.operator import Order, Target

quarantine = typer.Typer(
    name="quarantine",
    help="Rows that broke a rule and files that were refused: see them, judge them again, dismiss them.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

RuleOption = Annotated[str | None, typer.Option("--rule", help="Only rows that broke this rule.")]
SourceOption = Annotated[str | None, typer.Option("--source", help="Only of this source.")]
FileOption = Annotated[
    str | None,
    typer.Option("--file", help="Only of the file of this name.", callback=lambda name: name and masked_name(name)),
]
LoadOption = Annotated[str | None, typer.Option("--load", help="Only of this load, such as 000042-0001.")]
AllOption = Annotated[bool, typer.Option("--all", help="Everything that stands in quarantine.")]
DiscardedOption = Annotated[bool, typer.Option("--discarded", help="Dismissed rows and files instead.")]
IdsArgument = Annotated[
    list[str] | None, typer.Argument(metavar="[ID]…", help="Rejected ids, or load:line, as `list` shows them.")
]


@quarantine.command("list")
def list_(
    rule: RuleOption = None,
    source: SourceOption = None,
    file: FileOption = None,
    load: LoadOption = None,
    discarded: DiscardedOption = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List what stands in quarantine, by rule, each with an example and what to do; refused files too."""
    from pipelines.commands.quarantine_page import describe_quarantine, show_quarantine

    workspace = workspace_at(home)
    workspace.must_exist()
    found = describe_quarantine(workspace, Choice(rule, source, file, load, discarded=discarded))
    if as_json:
        print_json(found)
    else:
        show_quarantine(Page(), found)


@quarantine.command()
def show(
    ids: IdsArgument = None,
    rule: RuleOption = None,
    source: SourceOption = None,
    file: FileOption = None,
    load: LoadOption = None,
    discarded: DiscardedOption = False,
    limit: Annotated[int, typer.Option(help="At most so many rows.", min=1)] = 10,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show rejected rows as they came, beside the rules they broke. Not masked: this is your machine's private file."""
    from pipelines.commands.quarantine_page import show_rejected
    from pipelines.commands.quarantined import open_quarantine, reasons_of, refuse_unknown, rows_as_they_came

    workspace = workspace_at(home)
    choice = Choice(rule, source, file, load, tuple(ids or ()), discarded=discarded)
    connection = open_quarantine(workspace)
    try:
        refuse_unknown(connection, choice)
        reasons = reasons_of(connection, choice, limit)
    finally:
        connection.close()
    if ids and not reasons:
        raise UsageError(
            f"no row in quarantine is called {' or '.join(ids)}", "See their ids: touchline quarantine list"
        )
    rows = rows_as_they_came(workspace, {(row["load_id"], row["line_number"]) for row in reasons})
    described: dict[tuple[str, int], dict[str, object]] = {}
    for reason in reasons:
        key = (reason["load_id"], reason["line_number"])
        described.setdefault(key, {"row": rows.get(key), "reasons": []})["reasons"].append(reason)  # type: ignore[attr-defined]
    if as_json:
        print_json(list(described.values()))
    else:
        show_rejected(Page(), list(described.values()))


@quarantine.command()
def replay(
    ids: IdsArgument = None,
    rule: RuleOption = None,
    source: SourceOption = None,
    file: FileOption = None,
    load: LoadOption = None,
    everything: AllOption = False,
    discarded: DiscardedOption = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say how many rows pass under the present settings; order nothing.")
    ] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Order that rejected rows and refused files are judged again by the next night, after a setting was mended."""
    choice = Choice(rule, source, file, load, tuple(ids or ()), everything, discarded)
    workspace, targets = _chosen(home, choice)
    if dry_run and targets:
        _preview(workspace, targets, as_json)
        return
    order = _give(workspace, "replay", targets, choice, None)
    _confirm(order, "judges again", "judge again", as_json)
    gone = _gone(workspace, targets)
    if gone and not as_json:
        Page().line(
            f"  Only the rows of {', '.join(gone)} are left: put the file into the inbox again before that night."
        )


@quarantine.command()
def discard(
    reason: Annotated[str, typer.Option("--reason", help="Why; it stands beside the rows.")],
    ids: IdsArgument = None,
    rule: RuleOption = None,
    source: SourceOption = None,
    file: FileOption = None,
    load: LoadOption = None,
    everything: AllOption = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Dismiss rejected rows and refused files: they stay out, whatever rules change, and are no longer listed."""
    if not reason.strip():
        raise UsageError("--reason is blank", "Say why the rows may stay out; whoever asks later will read it.")
    choice = Choice(rule, source, file, load, tuple(ids or ()), everything)
    workspace, targets = _chosen(home, choice)
    order = _give(workspace, "discard", targets, choice, reason.strip())
    _confirm(order, "dismisses", "dismiss", as_json)


def _chosen(home: object, choice: Choice) -> tuple[Workspace, list[Target]]:
    from pathlib import Path

    from pipelines.commands.quarantined import open_quarantine, refuse_unknown, refused_files, targets_of

    if not choice.words:
        raise UsageError("Which rows?", "Name ids, --rule, --source, --file or --load, or say --all.")
    workspace = workspace_at(home if isinstance(home, Path) else None)
    connection = open_quarantine(workspace)
    try:
        refuse_unknown(connection, choice)
        return workspace, targets_of(connection, choice, refused_files(connection, choice))
    finally:
        connection.close()


def _gone(workspace: Workspace, targets: list[Target]) -> list[str]:
    """The files that grew too old to be judged again."""
    found = {target.file_name for target in targets if not (workspace.landed / target.file_sha256).exists()}
    return sorted(found)


def _give(
    workspace: Workspace, kind: Literal["replay", "discard"], targets: list[Target], choice: Choice, reason: str | None
) -> Order | None:
    from pipelines.night.operator import give_order

    if not targets:
        return None
    return give_order(
        workspace.operator_store,
        kind,
        targets,
        words=choice.words,
        reason=reason,
        given_by=getpass.getuser(),
        given_at=datetime.now(UTC),
    )


def _confirm(order: Order | None, does: str, verb: str, as_json: bool) -> None:
    if as_json:
        what = {"order_id": order.order_id, "rows": order.rows, "files": order.files} if order else None
        print_json({"order": what})
    elif order is None:
        Page().line(f"Nothing to {verb}: no row or file in quarantine is chosen by that.")
    else:
        Page().line(f"Order {order.order_id}: the next night {does} {counted(order.rows, order.files)}.")
        Page().line("  → touchline run")


def _preview(workspace: Workspace, targets: list[Target], as_json: bool) -> None:
    from pipelines.commands.quarantine_page import show_preview
    from pipelines.night.generation import current_generation
    from pipelines.night.preview import preview_replay

    published = current_generation(workspace)
    assert published is not None  # the targets were read from it
    previews = preview_replay(workspace, workspace.settings(), published, targets)
    if as_json:
        print_json(
            [
                {
                    "source": found.target.source,
                    "entity": found.target.entity,
                    "file_name": found.target.file_name,
                    "rows_named": found.rows_named,
                    "rows_passing": found.rows_passing,
                    "still_rejected": found.still,
                    "refused": found.refused,
                }
                for found in previews
            ]
        )
    else:
        show_preview(Page(), previews)
