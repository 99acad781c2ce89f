"""What the published tables credit to nobody, and how that is mended: said after a night and by `status`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.errors import TouchlineError
from pipelines.commands.fetching import fetch
from pipelines.commands.pages import Page, count
from pipelines.night.workspace import Workspace

if TYPE_CHECKING:
    import duckdb

_UNKNOWN = """
    select count(distinct (source, source_rep_id)) as ids, coalesce(sum(activities), 0)::bigint as activities
    from ops.unattributed
    where reason in ('not_on_roster', 'on_several_rosters', 'left_without_roster') and exists (from core.latest_reps)
"""
_BY_NAME = "select count(*) as ids, coalesce(sum(activities + deals), 0)::bigint as records from ops.rep_by_name"
ALIASES = "select source, source_rep_id, rep_id from ops.rep_by_name"


def show_uncredited(out: Page, workspace: Workspace) -> None:
    """Nothing when nothing is published, or everybody is known."""
    if not workspace.published_file.exists():
        return
    from sql.warehouse import open_published

    connection = open_published(workspace.published_file.resolve())
    try:
        lines = uncredited_lines(connection, workspace)
    except TouchlineError:  # a file of another version says nothing of it; the next night does
        return
    finally:
        connection.close()
    for line in lines:
        out.line(line)


def uncredited_lines(connection: duckdb.DuckDBPyConnection, workspace: Workspace) -> list[str]:
    """What is credited to nobody because no roster knows its rep, with the two ways to mend it; of a missing roster the
    night itself tells."""
    (unknown,), (named,) = fetch(connection, _UNKNOWN), fetch(connection, _BY_NAME)
    lines = []
    if unknown["ids"]:
        lines += [
            f"\nCredited to nobody: {_some(unknown['activities'], 'activity', 'activities')} of"
            f" {_some(unknown['ids'], 'rep id', 'rep ids')} that no roster knows (table ops.unattributed)",
            "  → Deliver a roster with these ids (a reps.csv; docs/sources.md), or who is who as rep_aliases.csv",
        ]
    if named["ids"]:
        lines += [
            f"\nUnknown rep ids that are the full name of a rep on a roster: {count(named['ids'])} (activities and deals:"
            f" {count(named['records'])}, table ops.rep_by_name)",
            "  → Have the list of who is who written, read it through, drop it into the folder of a canonical source:",
            f'    touchline query --home {workspace.home} "{ALIASES}" --format csv --output rep_aliases.csv',
        ]
    return lines


def _some(number: int, one: str, several: str) -> str:
    return f"{count(number)} {one if number == 1 else several}"
