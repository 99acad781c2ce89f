"""News as a night makes them, and the rules they are of."""

from datetime import UTC, date, datetime, timedelta

from models.alerts import AlertSeverity, Limit, RuleSpec
from pipelines.alerting.digest import News
from pipelines.alerting.episodes import Episode, State, Transition

NIGHT = date(2026, 3, 3)
AS_OF = datetime(2026, 3, 3, 23, tzinfo=UTC)


def rule(name, subject_type, title, limit, what_to_do="Move some accounts to colleagues."):
    return RuleSpec(
        rule=name, title=title, description="…", subject_type=subject_type, limits=(limit,), what_to_do=what_to_do
    )


RULES = {
    one.rule: one
    for one in (
        rule(
            "rep_overload", "rep", "is overloaded",
            Limit(name="touches_per_workday", description="Touches per workday of the last week.", beyond="at_least",
                  default=90, unit="touches"),
        ),
        rule(
            "team_turnover", "team", "loses too many people",
            Limit(description="Separations of twelve months over average headcount.", beyond="over", default="0.2",
                  unit="share"),
        ),
        rule(
            "source_stale", "source", "is silent",
            Limit(name="hours", description="Hours since its newest event.", beyond="over", default=96, unit="hours"),
        ),
    )
}  # fmt: skip


def episode(alert_id="0405257e11", **changes):
    content = {
        "alert_id": alert_id, "rule": "rep_overload", "severity": AlertSeverity.WARNING, "subject_type": "rep",
        "subject_id": "crm:R1", "subject_name": "Ana Diaz", "team": "East", "state": State.FIRING,
        "suppressed_by": None, "limit_name": "touches_per_workday", "value": 102.4, "threshold": 90.0,
        "clear_threshold": 81.0, "unit": "touches", "baseline": 48.8, "peers": 56.9,
        "evidence": '{"week of": "2026-02-23", "touches": 512, "workdays": 5, "meetings": 3}',
        "runbook": "docs/alerts.md#rep_overload", "started_at": AS_OF - timedelta(days=2),
        "started_date": NIGHT - timedelta(days=2), "fired_at": AS_OF, "last_seen_at": AS_OF, "last_seen_date": NIGHT,
        "resolved_at": None, "resolution": None, "nights": 0, "transitions": 1,
    }  # fmt: skip
    return Episode(**content | changes)


def of_team(alert_id="aaaaaaaaaa", team="East", **changes):
    return fired(
        alert_id, rule="team_turnover", subject_type="team", subject_id=team, subject_name=team, team=team,
        limit_name="threshold", value=0.24, threshold=0.2, unit="share", baseline=None, peers=None, **changes,
    )  # fmt: skip


def of_source(alert_id="bbbbbbbbbb", **changes):
    content = {"severity": AlertSeverity.CRITICAL, "subject_id": "dialer", "subject_name": None, "team": None} | changes
    return fired(
        alert_id, rule="source_stale", subject_type="source", limit_name="hours", value=130.0, threshold=96.0,
        unit="hours", baseline=None, peers=None, **content,
    )  # fmt: skip


def fired(alert_id="0405257e11", place=1, days=0, **changes):
    """News of an alert that fires, so many days after NIGHT."""
    one = episode(alert_id, **changes)
    at, night = AS_OF + timedelta(days=days), NIGHT + timedelta(days=days)
    return News(one, Transition(alert_id, place, None, State.FIRING, at, night, one.value, one.threshold, True))


def over(alert_id="0405257e11", place=2, days=0, **changes):
    """News of one that is over."""
    content = {"state": State.RESOLVED, "resolution": "back_within_limits", "value": 70.0} | changes
    one = episode(alert_id, **content)
    at, night = AS_OF + timedelta(days=days), NIGHT + timedelta(days=days)
    return News(
        one, Transition(alert_id, place, State.FIRING, State.RESOLVED, at, night, one.value, one.threshold, True)
    )
