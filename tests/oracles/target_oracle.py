"""marts.target_attainment (metrics.md 5.1): what a rep was to do in a period, what was done, and whether that is in time."""

from bisect import bisect_right
from collections import Counter, defaultdict
from datetime import date, timedelta
from decimal import Decimal
from functools import cache

from tests.oracles.activity_oracle import prefixed
from tests.oracles.daily import activity_counts, counted_days, deal_counts
from tests.oracles.kpi_oracle import quotas_of, with_longer
from tests.oracles.periods import GRAINS, days, next_of, start_of
from tests.oracles.rates import ratio

METRICS = ("calls", "emails", "touches", "meetings_booked", "meetings_held", "proposals_sent", "won_amount")
DAY = timedelta(days=1)


class Targets:
    """The rows of activity_targets: which one holds for somebody on a day."""

    def __init__(self, company):
        self.company = company
        self.rows = defaultdict(list)
        for row in company.export.living("activity_targets"):
            self.rows[row["metric"], row["period_grain"].lower()].append(
                (date.fromisoformat(row["effective_from"]), row)
            )
        for rows in self.rows.values():
            rows.sort(key=lambda one: one[0])
        self.among = cache(self._among)

    def on(self, metric, grain, rep_id, day):
        """The rep's own target, else that of the role and rep type; none without one."""
        rep_type, role, _, _ = self.company.who(rep_id, day)
        begun = bisect_right(self.rows[metric, grain], day, key=lambda one: one[0])
        return self.among(metric, grain, begun, rep_id, role, rep_type)

    def _among(self, metric, grain, begun, rep_id, role, rep_type):
        held = [row for _, row in self.rows[metric, grain][:begun]]
        own = [row for row in held if row.get("rep_id") == rep_id]
        shared = [
            row
            for row in held
            if "rep_id" not in row
            and row.get("role", role) == role
            and row.get("rep_type", rep_type).lower() == rep_type
        ]
        found = own or shared
        return Decimal(found[-1]["target"]) if found else None


def attainments(company):
    """(rep_id, period_grain, period_start, metric): target, actual, and what was to be done by `as_of`."""
    planned, passed = workdays(company)
    actual = actuals(company)
    wanted = period_targets(company) | dict(day_targets(company))
    rows = {}
    for (rep_id, grain, start, metric), target in wanted.items():
        done, whole = actual[rep_id, grain, start][metric], planned[rep_id, grain, start]
        share = ratio(passed[rep_id, grain, start], whole)
        due = None if share is None else ratio(target, 1) * share
        rows[prefixed(rep_id), grain, start, metric] = {
            "target": target,
            "actual": done,
            "attainment": ratio(done, target),
            "expected_by_now": due,
            "pace": ratio(done, due),
        }
    return rows


def employed_until(company):
    """(rep, day) of each day of employment, up to the end of the year of `as_of`."""
    last = next_of("year", start_of("year", company.today)) + 7 * DAY
    for rep_id in company.roster.history:
        for hired, ended in company.roster.spells(rep_id):
            for day in days(hired, min(ended or last, last)):
                yield rep_id, day


def workdays(company):
    """(rep, grain, start): the workdays of the whole period, and those up to `as_of`."""
    planned, passed = Counter(), Counter()
    for rep_id, day in employed_until(company):
        if company.is_counted(rep_id, day) and company.roster.is_workday(rep_id, day):
            for grain in GRAINS:
                planned[rep_id, grain, start_of(grain, day)] += 1
                passed[rep_id, grain, start_of(grain, day)] += day <= company.today
    return planned, passed


def actuals(company):
    found = defaultdict(Counter)
    for counts in (activity_counts(company), deal_counts(company)):
        for rep_id, day, cell in counted_days(company, counts):
            for grain in GRAINS:
                where = found[rep_id, grain, start_of(grain, day)]
                for metric in METRICS:
                    where[metric] += cell[metric]
    return found


@cache
def periods_of(company):
    """(rep, grain, start) of each period with a day up to `as_of` on which the rep is employed and counts."""
    return {
        (rep_id, grain, start_of(grain, day))
        for rep_id, day, _ in company.employed_days
        if company.is_counted(rep_id, day)
        for grain in GRAINS
    }


def day_targets(company):
    """A target a day is the sum over the rep's workdays of what holds on each; 0 without one."""
    targets, found, begun = Targets(company), Counter(), periods_of(company)
    metrics = [metric for metric, grain in targets.rows if grain == "day"]
    for rep_id, day in employed_until(company):
        if not company.is_counted(rep_id, day):
            continue
        held = [(metric, targets.on(metric, "day", rep_id, day)) for metric in metrics]
        for grain in GRAINS:
            if (rep_id, grain, start_of(grain, day)) in begun:
                for metric, target in held:
                    if target is not None:
                        is_worked = company.roster.is_workday(rep_id, day)
                        found[rep_id, grain, start_of(grain, day), metric] += target * is_worked
    return found


def period_targets(company):
    """A target for a week, a month or a quarter, and quotas, hold for the period as they stand on its first day.

    A sum of months waits until they are told to the end of the period or of the employment: else all would be ahead of a part of their quota.
    """
    targets, found, begun = Targets(company), {}, periods_of(company)
    for rep_id, day, _ in company.employed_days:
        if company.is_counted(rep_id, day):
            for metric, grain in targets.rows:
                key = rep_id, grain, start_of(grain, day), metric
                if grain != "day" and key not in found:
                    found[key] = targets.on(metric, grain, rep_id, day)
    for rep_id, rows in quotas_of(company).items():
        told = max((next_of("month", start) for grain, start in rows if grain == "month"), default=None)
        _, left = company.roster.spells(rep_id)[-1] if rep_id in company.roster.history else (None, None)
        for period, amount in with_longer(rows).items():
            is_told = period in rows or min(next_of(*period), (left or date.max - DAY) + DAY) <= told
            if (rep_id, *period) in begun and is_told:
                found[rep_id, *period, "won_amount"] = amount
    return {key: target for key, target in found.items() if target is not None}
