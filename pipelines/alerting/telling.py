"""After a night: its news go to the outbox, whatever became of it, and from there to people.

What belongs here: which news there are, and that telling never fails the night. What does not: who is told what
(outbox.py), sending (delivery.py).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from models.alerts import COPY_BEHIND
from models.errors import TouchlineError
from models.settings import Settings
from pipelines.alerting.digest import News, RuleWords
from pipelines.alerting.episode_rows import read_news
from pipelines.alerting.health import HEALTH_RULES, health_rule_of, night_went_well, night_went_wrong, read_health_news
from pipelines.alerting.outbox import Audience, enqueue, enqueue_heartbeat
from pipelines.night.outcome import NightOutcome
from pipelines.night.shipped import shipped_rules
from pipelines.night.workspace import Workspace
from sql.warehouse import open_published

if TYPE_CHECKING:
    from pipelines.alerting.delivery import Delivered

_GOOD = ("published", "nothing_new")
_HEADCOUNTS = """
    select r.team, count(distinct r.rep_id)
    from core.dim_rep as r
    cross join core.parameter as p
    where r.valid_from <= p.as_of_date and r.valid_to > p.as_of_date
        and r.hire_date <= p.as_of_date and coalesce(r.termination_date, p.as_of_date) >= p.as_of_date
    group by r.team
"""


def tell_of_night(workspace: Workspace, settings: Settings, outcome: NightOutcome, at: datetime) -> str | None:
    """Puts what the night has to tell into the outbox; why that could not be done, if it could not.

    The next night, or `touchline alerts deliver`, puts there what this one did not: every piece of news goes there once.
    """
    if not settings.alerts.enabled or outcome.status == "dry_run":
        return None
    try:
        _judge_health(workspace, settings, outcome)
        fill_outbox(workspace, settings, at)
        if settings.alerts.heartbeat_url and outcome.status in _GOOD:
            patience = timedelta(hours=settings.alerts.give_up_after_hours)
            enqueue_heartbeat(workspace.operator_store, at.isoformat(), at=at, give_up_after=patience)
    except (TouchlineError, OSError, sqlite3.Error, duckdb.Error) as error:
        what = error.what if isinstance(error, TouchlineError) else f"{type(error).__name__}: {error}"
        return f"Alerts of this night wait to be told: {what}. Try: touchline alerts deliver"
    return None


def fill_outbox(workspace: Workspace, settings: Settings, at: datetime) -> int:
    """Writes messages for all news that no message holds yet; how many. Asking again writes nothing."""
    store, channels = workspace.operator_store, settings.alerts.channels
    if not channels and not store.exists():
        return 0
    news, headcounts, as_of = _published_news(workspace) if channels else ([], {}, None)
    news += [News(*told) for told in read_health_news(store)]
    words: dict[str, RuleWords] = {rule.name: rule.spec for rule in shipped_rules()} if news else {}
    audience = Audience(
        channels,
        words | HEALTH_RULES,
        headcounts,
        settings.privacy.min_group,
        timedelta(hours=settings.alerts.give_up_after_hours),
    )
    return enqueue(store, audience, news, at=at, as_of=as_of or at)


def deliver_waiting(
    workspace: Workspace,
    settings: Settings,
    environment: Mapping[str, str],
    now: Callable[[], datetime],
    budget_seconds: float,
) -> Delivered | None:
    """Sends what waits in the outbox; None when nothing can wait there, which costs nothing to find out."""
    if not settings.alerts.channels and not settings.alerts.heartbeat_url:
        return None
    from pipelines.alerting.delivery import deliver

    zone = settings.company.timezone
    return deliver(workspace.operator_store, settings.alerts, environment, now, budget_seconds, timezone=zone)


def _judge_health(workspace: Workspace, settings: Settings, outcome: NightOutcome) -> None:
    store, zone = workspace.operator_store, settings.company.timezone
    if outcome.status in _GOOD:
        night_went_well(store, as_of=outcome.as_of, timezone=zone)
        _judge_copy(store, settings, outcome)
    elif rule := health_rule_of(outcome.exit_code):
        error = outcome.error or ""
        night_went_wrong(store, rule, error, as_of=outcome.as_of, timezone=zone, alerts=settings.alerts)


def _judge_copy(store: Path, settings: Settings, outcome: NightOutcome) -> None:
    zone, behind = settings.company.timezone, outcome.copy_behind
    if behind is None:
        night_went_well(store, as_of=outcome.as_of, timezone=zone, rules=(COPY_BEHIND,))
    else:
        night_went_wrong(store, COPY_BEHIND, behind, as_of=outcome.as_of, timezone=zone, alerts=settings.alerts)


def _published_news(workspace: Workspace) -> tuple[list[News], dict[str, int], datetime | None]:
    """News of the published generation, its headcounts by team, and its as_of."""
    if not workspace.published_file.exists():
        return [], {}, None
    without_alerts = suppress(duckdb.CatalogException)  # a generation of an earlier version
    with without_alerts, open_published(workspace.published_file.resolve()) as connection:
        news = [News(*told) for told in read_news(connection)]
        (as_of,) = connection.execute("select as_of from ops.publication").fetchone() or (None,)
        return news, dict(connection.execute(_HEADCOUNTS).fetchall()), as_of
    return [], {}, None
