"""marts.rep_scorecard_monthly (metrics.md 5), marts.activity_yield_monthly (6.3) and inside against outside (4)."""

from collections import Counter, defaultdict

from tests.oracles.activity_oracle import prefixed
from tests.oracles.daily import activity_counts, counted_days, deal_counts
from tests.oracles.periods import months_after, start_of
from tests.oracles.rates import ratio

RAMP_DAYS = 90
TYPES = ("inside", "outside", "hybrid")
SUMMED = ("touches", "calls", "emails", "meetings_held", "meetings_booked", "proposals_sent", "talk_seconds")
DEALS = ("opportunities_created", "won_count", "lost_count", "won_amount")
YIELD = ("touches", "calls", "calls_outbound", "calls_outbound_connected", "calls_connected", "meetings_held")


def by_month(company, key_of):
    """The sums of what counted people did and closed, by `key_of(rep, day)` and month."""
    cells = defaultdict(Counter)
    for counts in (activity_counts(company), deal_counts(company)):
        for rep_id, day, cell in counted_days(company, counts):
            found = cells[key_of(rep_id, day), start_of("month", day)]
            for name, number in cell.items():
                found[name] += number
            found["field_days"] += int(cell["meetings_in_person"] > 0)
    return cells


def employed_months(company):
    """(rep, month): the last employed day, and the hire date of its spell, of months with a day as a counted rep."""
    last, counted = {}, set()
    for rep_id, day, hired in company.employed_days:
        last[rep_id, start_of("month", day)] = day, hired
        if company.is_counted(rep_id, day):
            counted.add((rep_id, start_of("month", day)))
    return {key: value for key, value in last.items() if key in counted}


def scorecards(company):
    """(rep_id, period_start): the scorecard's cells."""
    cells = by_month(company, lambda rep_id, day: rep_id)
    rows = {}
    for (rep_id, month), (last, hired) in employed_months(company).items():
        rows[rep_id, month] = scorecard(cells[rep_id, month], company.who(rep_id, last), (last - hired).days)
    for (rep_id, month), row in rows.items():
        months = [rows.get((rep_id, months_after(month, -back)), {}) for back in range(3)]
        row["is_rep_type_drift"] = all(
            one.get("observed_rep_type") not in (None, one.get("rep_type")) for one in months
        )
    return {(prefixed(rep_id), month): row for (rep_id, month), row in rows.items()}


def scorecard(cell, who, tenure):
    share = ratio(cell["in_person_seconds"], cell["meeting_seconds"])
    return {
        **{name: cell[name] for name in (*SUMMED, *DEALS, "field_days")},
        "rep_type": who[0],
        "role": None if who[1] == "unknown" else who[1],
        "team": who[2],
        "in_person_share": share,
        "observed_rep_type": observed(share) if cell["meetings_held"] >= 5 else None,
        "unpriced_count": cell["won_unpriced"],
        "win_rate": ratio(cell["won_count"], cell["won_count"] + cell["lost_count"]),
        "tenure_days": tenure,
        "is_ramping": tenure < RAMP_DAYS,
    }


def observed(share):
    if share is None:
        return None
    return "inside" if share * 10 < 1 else "outside" if share * 2 > 1 else "hybrid"


def yields(company):
    """(period_start, rep_type): counts and what it takes; a month and type with neither people nor counts has no row."""
    cells = by_month(company, lambda rep_id, day: company.who(rep_id, day)[0])
    rows = {}
    for rep_type, month in cells.keys() | workdays(company).keys():
        cell = cells[rep_type, month]
        rows[month, rep_type] = {
            **{name: cell[name] for name in (*YIELD, "opportunities_created", "won_count")},
            "connect_rate": ratio(cell["calls_outbound_connected"], cell["calls_outbound"]),
            "touches_per_meeting": ratio(cell["touches"], cell["meetings_held"]),
            "meetings_per_opportunity": ratio(cell["meetings_held"], cell["opportunities_created"]),
            "touches_per_win": ratio(cell["touches"], cell["won_count"]),
        }
    return rows


def workdays(company):
    """(rep type, month): workdays of counted people; a month in which nobody worked but somebody was employed has 0."""
    found = Counter()
    for rep_id, day, _ in company.employed_days:
        if company.is_counted(rep_id, day):
            key = company.who(rep_id, day)[0], start_of("month", day)
            found[key] += int(company.roster.is_workday(rep_id, day))
    return found


def parts(cell, rep_workdays):
    """Metric: numerator and denominator on one side."""
    per_workday = ("calls", "emails", "social_touches", "touches", "meetings_held")
    return {
        **{name: (cell[name], rep_workdays) for name in per_workday},
        "win_rate": (cell["won_count"], cell["won_count"] + cell["lost_count"]),
        "sales_cycle_days": (cell["cycle_days"], cell["cycle_deals"]),
        "average_deal_size": (cell["won_amount"], cell["won_priced"]),
        "in_person_share": (cell["in_person_seconds"], cell["meeting_seconds"]),
    }


def comparisons(company):
    """(period_start, metric): each side's parts and value, and inside over outside less one."""
    cells, worked = by_month(company, lambda rep_id, day: company.who(rep_id, day)[0]), workdays(company)
    rows = defaultdict(dict)
    for month in {month for _, month in cells.keys() | worked.keys()}:
        for side in TYPES:
            for metric, (numerator, denominator) in parts(cells[side, month], worked[side, month]).items():
                rows[month, metric] |= {
                    f"{side}_numerator": numerator,
                    f"{side}_denominator": denominator,
                    f"{side}_value": ratio(numerator, denominator),
                }
    for row in rows.values():
        against = ratio(row["inside_value"], row["outside_value"])
        row["inside_vs_outside"] = None if against is None else against - 1
    return dict(rows)
