"""Who has a page, and where: the reps and teams of the last half year, by names that no file system minds.

A place is made of a hash, never of a name: ids and team names may hold slashes, dots, markup or 300 letters, and whoever
sees the folder or a link need not learn who is meant.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from pipelines.reporting.parts import Field, Kind
from pipelines.reporting.reader import Reader

_PRESENT = "is_counted and date_day <= as_of_date and date_day > as_of_date - 196"
"""28 weeks: those of the heat map, the running one, and days before the first of them."""

MOST_TEAMS = 40
"""Of a company with more teams their pages are light, without charts, and their KPIs are in the mart alone: hundreds with
their facts would be most of the report."""

REP_TYPE = Field("rep_type", "Rep type", Kind.WORD, "core.dim_rep.rep_type")
ROLE = Field("role", "Role", Kind.TEXT, "core.dim_rep.role")
REP = Field("rep", "Rep", Kind.TEXT, "core.dim_rep.full_name", link="rep_place")
TEAM = Field("team", "Team", Kind.TEXT, "core.dim_rep.team", link="team_place")


def place_sql(folder: str, key: str) -> str:
    """The expression of a page's place for the SQL expression of what it is about."""
    return f"'{folder}/' || left(sha256({key}), 16) || '.html'"


@dataclass(frozen=True)
class Directory:
    """`reps`: rep_id, rep (a name that nobody else has), rep_type, role, team, rep_place (nothing when reps have no
    pages); `teams`: team, team_place."""

    reps: pl.DataFrame
    teams: pl.DataFrame

    def linked(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows with rep and rep_place of their rep_id, and team_place of their team, in their order."""
        if "rep_id" in frame.columns:
            named = frame.join(
                self.reps.select("rep_id", "rep", "rep_place"), on="rep_id", how="left", maintain_order="left"
            )
            frame = named.with_columns(pl.coalesce("rep", "rep_id").alias("rep"))
        return frame.join(self.teams, on="team", how="left", maintain_order="left", nulls_equal=False)


def directory_of(reader: Reader) -> Directory:
    """Everyone who counted as a rep on a day of the last 28 weeks, under the team of the last such day."""
    return reader.once("directory", lambda: _directory(reader))


def _directory(reader: Reader) -> Directory:
    if not reader.has("core.fct_rep_day", "core.dim_rep"):
        text = pl.String
        return Directory(
            pl.DataFrame(schema=dict.fromkeys(("rep_id", "rep", "rep_type", "role", "team", "rep_place"), text)),
            pl.DataFrame(schema=dict.fromkeys(("team", "team_place"), text)),
        )
    place = place_sql("reps", "d.rep_id") if reader.settings.report.rep_pages else "null::varchar"
    reps = reader.frame(
        f"""
        with last_day as (
            select rep_id, max(date_day) as date_day
            from core.fct_rep_day cross join core.parameter where {_PRESENT} group by rep_id
        ),

        named as (
            select
                d.rep_id, coalesce(r.full_name, d.rep_id) as full_name, r.source_rep_id, d.rep_type, d.role,
                coalesce(d.team, 'unknown') as team, {place} as rep_place
            from last_day as l
            join core.fct_rep_day as d on l.rep_id = d.rep_id and l.date_day = d.date_day
            cross join core.parameter as p
            join core.dim_rep as r
                on d.rep_id = r.rep_id and p.as_of_date >= r.valid_from and p.as_of_date < r.valid_to
        )

        select
            rep_id, rep_type, role, team, rep_place,
            case when count(*) over (partition by full_name) > 1 then full_name || ' (' || source_rep_id || ')'
                else full_name end as rep
        from named order by team, rep, rep_id
        """
    )
    teams = reader.frame(
        f"""
        select distinct coalesce(team, 'unknown') as team, {place_sql("teams", "coalesce(team, 'unknown')")} as team_place
        from core.fct_rep_day cross join core.parameter where {_PRESENT} order by team
        """
    )
    return Directory(reps, teams)
