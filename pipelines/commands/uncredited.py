"""What the published tables credit to nobody, leave out by role, or cannot place in a funnel, and how that is mended:
said after a night and by `status`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.errors import TouchlineError
from pipelines.commands.fetching import Rows, fetch
from pipelines.commands.pages import Page, count
from pipelines.night.workspace import Workspace

if TYPE_CHECKING:
    import duckdb

_UNKNOWN = """
    select count(distinct (source, source_rep_id)) as ids, sum(activities)::bigint as activities
    from ops.unattributed
    where reason in ('not_on_roster', 'on_several_rosters', 'left_without_roster') and exists (from core.latest_reps)
    having count(*) > 0
"""
_BY_NAME = """
    select count(*) as ids, sum(activities + deals)::bigint as records from ops.rep_by_name having count(*) > 0
"""
# a row for all roles, then one each; days are few where core.fct_activity, a view, is all activities
_UNCOUNTED = """
    select r.role, count(distinct r.rep_id) as people, sum(a.touches)::bigint as touches
    from core.fct_outreach_day as a
    inner join core.dim_rep as r
        on a.rep_id = r.rep_id and a.activity_date >= r.valid_from and a.activity_date < r.valid_to
    where not r.is_counted and a.touches > 0
    group by grouping sets ((), (r.role))
    having count(*) > 0
    order by grouping(r.role) desc, touches desc, r.role
"""
_UNPLACED = """
    select source, count(*) as deals, count(distinct (pipeline, stage)) as stages
    from core.dim_opportunity
    where (source, pipeline, stage) in (select (source, pipeline, stage) from ops.unknown_stage)
    group by source
    order by source
"""
_MOST_ROLES = 3
ALIASES = "select source, source_rep_id, rep_id from ops.rep_by_name"


def show_uncredited(out: Page, workspace: Workspace) -> None:
    """Nothing when nothing is published, or everybody is known and counts, and every stage has its place."""
    if not workspace.published_file.exists():
        return
    from sql.warehouse import open_published

    connection = open_published(workspace.published_file.resolve())
    try:
        lines = _uncredited(connection, workspace)
        sentences = [*_uncounted(connection), *_unplaced(connection)]
    finally:
        connection.close()
    if lines or sentences:
        out.line("")
    for line in lines:  # one is a command, to be copied whole
        out.line(line)
    for sentence in sentences:
        out.words(sentence)


def _uncredited(connection: duckdb.DuckDBPyConnection, workspace: Workspace) -> list[str]:
    """What is credited to nobody because no roster knows its rep, with the two ways to mend it; of a missing roster the
    night itself tells."""
    lines = []
    for unknown in _asked(connection, _UNKNOWN):
        lines += [
            f"Credited to nobody: {_some(unknown['activities'], 'activity', 'activities')} of"
            f" {_some(unknown['ids'], 'rep id', 'rep ids')} that no roster knows (table ops.unattributed)",
            "  → Deliver a roster with these ids (a reps.csv; docs/sources.md), or who is who as rep_aliases.csv",
        ]
    for named in _asked(connection, _BY_NAME):
        lines += [
            f"Unknown rep ids that are the full name of a rep on a roster: {count(named['ids'])} (activities and deals:"
            f" {count(named['records'])}, table ops.rep_by_name)",
            "  → Have the list of who is who written, read it through, drop it into the folder of a canonical source:",
            f'    touchline query --home {workspace.home} "{ALIASES}" --format csv --output rep_aliases.csv',
        ]
    return lines


def _uncounted(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Whose touches are in no activity mart because of the role they had that day, the roles of the most touches first.
    Managers are among them, and rightly: it is for the reader to say who sells."""
    roles = _asked(connection, _UNCOUNTED)
    if not roles:
        return []
    everyone, *each = roles
    more = len(each) - _MOST_ROLES
    named = ", ".join(role["role"] for role in each[:_MOST_ROLES])
    if more > 0:
        named += f" and {_some(more, 'other role', 'other roles')}"
    return [
        f"Not counted: {_some(everyone['touches'], 'touch', 'touches')} of"
        f" {_some(everyone['people'], 'person', 'people')} whose role does not count as a rep: {named}",
        "  → If they sell, add the role to metrics.counts_as_rep in touchline.yaml",
    ]


def _unplaced(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Deals that the funnel cannot place, source by source; a stage in which none stands any more is in
    ops.unknown_stage alone."""
    lines = [
        f"Stages unknown: {_some(found['deals'], 'deal', 'deals')} of the source {found['source']}, in"
        f" {_some(found['stages'], 'stage', 'stages')} that no `stages` file of it names (table ops.unknown_stage)"
        for found in _asked(connection, _UNPLACED)
    ]
    if lines:
        lines.append(
            "  → Deliver a stages.csv into that source's folder; of a mapped source, a second entry of its name with"
            " `entity: stages` (docs/sources.md)"
        )
    return lines


def _asked(connection: duckdb.DuckDBPyConnection, sql: str) -> Rows:
    """Nothing of a table that metrics.subjects leaves out, or in a file of another version, which the next night mends."""
    try:
        return fetch(connection, sql)
    except TouchlineError:
        return []


def _some(number: int, one: str, several: str) -> str:
    return f"{count(number)} {one if number == 1 else several}"
