"""The small tables about people beside the roster: aliases, time off, targets and quotas."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta

from pipelines.demo.behaviour import season
from pipelines.demo.company import Window, is_quarter_end, month_after, stamp
from pipelines.demo.plot import Plot
from pipelines.demo.roster import CLOSING_ROLES, Roster, RosterRow

Rows = Iterator[dict[str, object]]
Leave = dict[str, object]
"""A row of time_off.csv."""
_TARGETS = (
    ("ae", "inside", "calls", "day", 14),
    ("ae", "inside", "emails", "day", 12),
    ("sdr", "inside", "calls", "day", 18),
    ("sdr", "inside", "meetings_booked", "week", 4),
    ("field_rep", "outside", "meetings_held", "week", 9),
    ("field_rep", "outside", "touches", "day", 24),
    ("csm", "hybrid", "touches", "month", 520),
    ("ae", "hybrid", "proposals_sent", "quarter", 6),
)
_MONTHLY_QUOTA = {"ae": 44_000, "field_rep": 58_000, "csm": 20_000, "": 44_000, "solutions_engineer": 20_000}
_QUOTA_CURRENCY = {"CA": "CAD", "GB": "GBP"}


def alias_of(rep_id: str) -> str:
    """The id that a rep has on calls which an older dialler wrote into the CRM."""
    return f"dial-{rep_id[1:]}"


def agent_of(rep_id: str) -> str:
    """The rep's id in the dialer."""
    return f"agent{rep_id[1:]}"


def dialer_reps(roster: Roster) -> list[str]:
    """Who works with the dialer: whoever was ever an SDR, of today's sellers."""
    return [rep for rep in roster.rep_ids[: roster.sellers] if roster.histories[rep][0].role == "sdr"]


def alias_rows(roster: Roster) -> Rows:
    """rep_aliases.csv."""
    for rep_id in roster.rep_ids[: min(2, roster.sellers)]:
        yield {"source": "crm", "source_rep_id": alias_of(rep_id), "rep_id": rep_id}
    for rep_id in dialer_reps(roster):
        yield {"source": "dialer", "source_rep_id": agent_of(rep_id), "rep_id": rep_id}


def plan_leave(roster: Roster, window: Window, plot: Plot) -> list[Leave]:
    """Rows of time_off: a holiday and some sick days a seller and quarter, and one long parental leave."""
    dice = window.dice("leave")
    rows: list[Leave] = []
    for index, rep_id in enumerate(roster.rep_ids[: roster.sellers]):
        for _ in range(max(1, round(window.days / 90))):
            for kind, longest in (("vacation", 9), ("sick", 3)):
                start = _quieter_day(dice, window)
                end = start + timedelta(days=dice.randrange(longest))
                if rep_id != plot.overloaded or end < plot.overload_from - timedelta(days=28):
                    rows.append({"rep_id": rep_id, "start_date": start, "end_date": end, "kind": kind})
        if index == 17:
            first, last = window.before_end(110), window.before_end(40)
            rows.append({"rep_id": rep_id, "start_date": first, "end_date": last, "kind": "parental"})
    return list({(row["rep_id"], row["start_date"], row["kind"]): row for row in rows}.values())


def _quieter_day(dice: random.Random, window: Window) -> date:
    days = [window.first + timedelta(days=dice.randrange(window.days)) for _ in range(2)]
    return min(days, key=season)


def target_rows(roster: Roster, window: Window) -> Rows:
    """activity_targets.csv: by role and rep type, and for one rep of their own."""
    start = window.months(before=1)[0]
    changed = stamp(start, 9 * 3600)
    for role, rep_type, metric, grain, target in _TARGETS:
        base = {"metric": metric, "target": target, "period_grain": grain, "effective_from": start}
        yield {**base, "role": role, "rep_type": rep_type, "updated_at": changed}
    own = {"metric": "calls", "target": 16.5, "period_grain": "day", "effective_from": window.at(0.5)}
    yield {**own, "rep_id": roster.rep_ids[0], "updated_at": stamp(window.at(0.5), 9 * 3600)}


def quota_rows(window: Window, roster: Roster) -> Rows:
    """quotas.csv: a row a month for everyone who closes deals; field reps have fiscal quarters of their own besides."""
    dice = window.dice("quotas")
    months = window.months(before=12)
    for month in months:
        for row in _closers(roster, month):
            yield _quota(row, month, "month", _MONTHLY_QUOTA[row.role] * dice.randrange(90, 116) // 100)
    for month in months:
        for row in _closers(roster, month):
            if row.role == "field_rep" and is_quarter_end(month_after(month, -1).month):
                yield _quota(row, month, "quarter", 3 * _MONTHLY_QUOTA["field_rep"])


def _closers(roster: Roster, month: date) -> Iterator[RosterRow]:
    for row in roster.rows:
        if row.role in CLOSING_ROLES and roster.on(row.rep_id, month) is row:
            yield row


def _quota(row: RosterRow, start: date, grain: str, amount: int) -> dict[str, object]:
    """Newcomers carry half a quota in the period after the one in which they came."""
    share = 2 if (start - row.hire_date).days < 90 else 1
    return {
        "period_start": start,
        "period_grain": grain,
        "rep_id": row.rep_id,
        "amount": f"{amount // share}.00",
        "currency": _QUOTA_CURRENCY.get(row.country, "USD"),
        "updated_at": stamp(start - timedelta(days=10), 9 * 3600),
    }
