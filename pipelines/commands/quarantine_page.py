"""The quarantine as pages: groups with a remedy, rows as they came, what a replay would bring."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from data_quality.quarantine import visible
from models.errors import TouchlineError
from pipelines.commands.failed_build import last_failed_night
from pipelines.commands.pages import Page, count
from pipelines.commands.quarantined import (
    Choice,
    counted,
    failed_groups,
    groups_of,
    open_quarantine,
    refuse_unknown,
    refused_files,
    still_in_inbox,
)
from pipelines.night.workspace import Workspace

if TYPE_CHECKING:
    from pipelines.night.preview import Preview


def describe_quarantine(workspace: Workspace, choice: Choice) -> dict[str, Any]:
    """Everything that `quarantine list` shows, as plain values; `failed_build` only after a night that a check stopped."""
    failed = last_failed_night(workspace)
    found: dict[str, Any] = {"groups": [], "refused": [], "pending_orders": _pending(workspace), "failed_build": None}
    if failed is not None:
        groups = failed_groups(failed.database, choice) if failed.database else []
        found["failed_build"] = {"marker": failed.marker, "error": failed.outcome.error, "groups": groups}
    if failed is not None and not workspace.published_file.exists():
        return found
    connection = open_quarantine(workspace)
    try:
        refuse_unknown(connection, choice)
        found["groups"] = groups_of(connection, choice)
        found["refused"] = still_in_inbox(workspace, workspace.settings(), refused_files(connection, choice))
    finally:
        connection.close()
    return found


def _pending(workspace: Workspace) -> list[dict[str, Any]]:
    from pipelines.night.generation import current_generation
    from pipelines.night.orders import orders_for

    try:
        pending = orders_for(workspace.operator_store, current_generation(workspace)).pending
    except TouchlineError as error:
        return [{"unknown": str(error)}]
    return [
        {"order_id": order.order_id, "kind": order.kind, "rows": order.rows, "files": order.files, "words": order.words,
         "reason": order.reason, "given_by": order.given_by, "given_at": order.given_at}
        for order in pending
    ]  # fmt: skip


def show_quarantine(out: Page, found: dict[str, Any]) -> None:
    """The page of `quarantine list`."""
    if not found["groups"] and not found["refused"]:
        out.line("No row and no file of what is published stands in quarantine.")
    _show_groups(out, found["groups"])
    for file in found["refused"]:
        out.line(
            f"\nRefused {file['source']}/{visible(file['file_name'])} (load {file['load_id']}): {visible(file['reason'])}"
        )
        out.line(f"  → {file['remedy']}")
    for order in found["pending_orders"]:
        if "unknown" in order:
            out.line(f"\nWhich orders wait for the next night cannot be said: {order['unknown']}")
            continue
        out.line(
            f"\nThe next night carries out: {order['kind']} {visible(order['words'])}"
            f" ({counted(order['rows'], order['files'])}; {order['given_by']}) → touchline run"
        )
    failed = found["failed_build"]
    if failed is not None:
        out.head(f"\n{failed['marker']}")
        out.line(visible_lines(str(failed["error"] or "")))
        _show_groups(out, failed["groups"])


def _show_groups(out: Page, groups: Sequence[dict[str, Any]]) -> None:
    for group in groups:
        field = f"{group['field']}: " if group["field"] else ""
        out.head(
            f"\n{group['source']}/{group['entity']}  {visible(field)}{group['rule']}  ({counted(group['rows'], 0)})"
        )
        out.line(f"  {visible(group['message'])}; such as '{visible(group['example'] or '')}' ({group['example_id']})")
        out.line(f"  → {group['remedy']}")


def visible_lines(text: str) -> str:
    """Each line with its control characters shown."""
    return "\n".join(visible(line) for line in text.splitlines())


def show_rejected(out: Page, rows: Sequence[dict[str, Any]]) -> None:
    """Rows as they came, each beside the rules it broke."""
    if not rows:
        out.line("No row in quarantine is chosen by that: touchline quarantine list")
    for described in rows:
        first = described["reasons"][0]
        out.head(
            f"\n{first['source']}/{visible(first['file_name'])}, line {first['line_number']} (load {first['load_id']})"
        )
        for reason in described["reasons"]:
            out.line(f"  {reason['field'] or 'record'}: {reason['rule']}: {visible(reason['message'])}")
        if first["discard_reason"]:
            out.line(f"  dismissed: {visible(first['discard_reason'])}")
        _show_row(out, described["row"])


def _show_row(out: Page, row: object) -> None:
    if isinstance(row, dict):
        cells = [(visible(name), "" if cell is None else visible(str(cell))) for name, cell in row.items()]
        out.rows("", ("column", "as it came"), cells)
    else:
        out.line(
            visible_lines(
                str(row or "(the row is gone: rejected rows are kept so long as privacy.keep_quarantine_days says)")
            )
        )


def show_preview(out: Page, previews: Sequence[Preview]) -> None:
    """What a replay would bring, file by file."""
    named = sum(found.rows_named for found in previews)
    passing = sum(found.rows_passing for found in previews)
    out.head(f"{count(passing)} of {count(named)} rows pass under the present settings; nothing was ordered.")
    for found in previews:
        where = f"{found.target.source}/{visible(found.target.file_name)}"
        if found.refused is not None:
            out.line(f"  {where}: still refused: {visible(found.refused)}")
            continue
        rest = "".join(f"; {visible(rule)} ({count(rows)})" for rule, rows in found.still.items())
        out.line(f"  {where}: {count(found.rows_passing)} of {count(found.rows_named)} pass{rest}")
    out.line("  → touchline quarantine replay (the same, without --dry-run), then touchline run")
