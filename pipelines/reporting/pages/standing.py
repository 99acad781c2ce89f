"""The alerts that fire, as a listing: all of them, those of some rules, or those about a team or a rep."""

from __future__ import annotations

import polars as pl

from pipelines.reporting.pages.people import Directory
from pipelines.reporting.parts import Field, Kind
from pipelines.reporting.reader import Reader

_ALERTS = "marts.alerts"
SEVERITY = Field("severity", "Severity", Kind.WORD, f"{_ALERTS}.severity")
RULE = Field("rule", "Rule", Kind.WORD, f"{_ALERTS}.rule")
SUBJECT = Field("subject", "Who or what", Kind.TEXT, f"{_ALERTS}.subject_name", link="subject_place")
TEAM = Field("team", "Team", Kind.TEXT, f"{_ALERTS}.team")
FOUND = Field("value", "Found", Kind.TEXT, f"{_ALERTS}.value")
LIMIT = Field("threshold", "Limit", Kind.TEXT, f"{_ALERTS}.threshold")
SINCE = Field("started_date", "Since", Kind.DATE, f"{_ALERTS}.started_date")
RUNBOOK = Field("runbook", "Runbook", Kind.TEXT, f"{_ALERTS}.runbook")
ALERT_FIELDS = (SEVERITY, RULE, SUBJECT, TEAM, FOUND, LIMIT, SINCE, RUNBOOK)


def firing_alerts(reader: Reader, directory: Directory) -> pl.DataFrame:
    """One firing episode a row, worst first; `subject_place` leads to the page of the rep or team."""
    frame = reader.frame(
        f"""
        select severity, rule, coalesce(subject_name, subject_id) as subject, subject_type, subject_id, team, value,
            threshold, unit, started_date, runbook
        from {_ALERTS} where state = 'firing' order by severity, rule, subject, alert_id
        """
        if reader.has(_ALERTS)
        else "select null::varchar as severity, null::varchar as rule, null::varchar as subject, null::varchar as"
        " subject_type, null::varchar as subject_id, null::varchar as team, null::double as value, null::double as"
        " threshold, null::varchar as unit, null::date as started_date, null::varchar as runbook limit 0"
    )
    places = pl.concat(
        [
            directory.reps.select(pl.lit("rep").alias("subject_type"), subject_id="rep_id", subject_place="rep_place"),
            directory.teams.select(pl.lit("team").alias("subject_type"), subject_id="team", subject_place="team_place"),
        ]
    )
    said = [
        pl.Series(name, [_measured(reader, *pair) for pair in zip(frame[name], frame["unit"], strict=True)], pl.String)
        for name in ("value", "threshold")
    ]
    return frame.with_columns(said).join(
        places, on=["subject_type", "subject_id"], how="left", maintain_order="left"
    )  # fmt: skip


def _measured(reader: Reader, value: float | None, unit: str) -> str:
    """A share as a percentage, anything else with its unit."""
    if value is None or unit == "share":
        return reader.words.show(value, Kind.SHARE)
    return f"{reader.words.show(value, Kind.NUMBER)} {reader.words.word(unit)}"
