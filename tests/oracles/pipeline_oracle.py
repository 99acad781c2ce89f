"""marts.sales_kpi (metrics.md 7): what is open at a period's end, what moved it, and what the kpis make of it."""

from bisect import bisect_left
from collections import Counter, defaultdict
from decimal import Decimal

from tests.oracles.daily import closes, creations
from tests.oracles.periods import GRAINS, next_of, periods, start_of
from tests.oracles.rates import ratio


def pipeline_kpis(company, parts):
    """kpi: {key: (value, numerator, denominator)}; `parts` has those of the kpis that velocity and coverage combine."""
    counts, closing = open_deals(company)
    flows = defaultdict(Counter)
    for owner, day, deal in creations(company):
        add(flows["inflow"], company.scopes(owner, day), day, deal.money(deal.created, day))
    for owner, day, deal in closes(company):
        add(flows["outflow"], company.scopes(owner, day), day, deal.closed_money)
    amounts = {"open": closing, **flows, "changes": changes(closing, flows, company.today)}
    told = {f"pipeline_{name}_amount": as_amounts(found) for name, found in amounts.items()}
    return told | {"pipeline_velocity": velocities(counts, parts), "pipeline_coverage": coverages(closing, parts)}


def as_amounts(found):
    return {key: (amount, amount, None) for key, amount in found.items()}


def add(found, scopes, day, amount):
    for grain in GRAINS:
        for scope in scopes:
            found[grain, start_of(grain, day), *scope] += amount or 0


def open_deals(company):
    """How many deals are open at each period's end, or at `as_of`, and their amounts; the scope is the owner's of then."""
    counts, amounts = Counter(), Counter()
    for grain in GRAINS:
        starts = list(periods(grain, company.first_hire, company.today))
        ends = [company.end_of(next_of(grain, start)) for start in starts]
        for deal in company.deals.values():
            place = bisect_left(ends, deal.opened) if deal.opened else len(ends)
            while place < len(ends) and deal.is_open(ends[place]):
                day = company.day_of(ends[place])
                for scope in company.scopes(deal.owner(ends[place]), day):
                    counts[grain, starts[place], *scope] += 1
                    amounts[grain, starts[place], *scope] += deal.money(ends[place], day) or 0
                place += 1
    return counts, amounts


def changes(closing, flows, today):
    """What neither came nor closed: closing - opening - inflow + outflow; a period opens as the one before it closed."""
    opening = {
        (grain, next_of(grain, start), *scope): amount
        for (grain, start, *scope), amount in closing.items()
        if next_of(grain, start) <= today
    }
    keys = closing.keys() | opening.keys() | flows["inflow"].keys() | flows["outflow"].keys()
    return {
        key: closing[key] - opening.get(key, 0) - flows["inflow"][key] + flows["outflow"][key] for key in sorted(keys)
    }


def velocities(counts, parts):
    """Open deals × win rate × average deal size, by the mean cycle; with one of the three unknown nothing is said."""
    found = {}
    for key in {one[1:] for one in parts if one[0] == "win_rate"}:
        rates = [
            ratio(*parts.get((kpi, *key), (0, 0))) for kpi in ("win_rate", "average_deal_size", "sales_cycle_days")
        ]
        worth = None if None in rates[:2] else counts[key] * rates[0] * rates[1]
        found[key] = ratio(worth, rates[2]), worth, rates[2]
    return found


def coverages(closing, parts):
    """The open amount by the quota that is still to be won; nothing once it is."""
    keys = closing.keys() | {one[1:] for one in parts if one[0] == "quota_attainment"}
    found = {}
    for key in sorted(keys):
        won, quota = parts.get(("quota_attainment", *key), (0, 0))
        to_win = max(Decimal(quota) - won, Decimal(0)) if quota else Decimal(0)
        found[key] = ratio(closing.get(key, 0), to_win), closing.get(key, 0), to_win
    return found
