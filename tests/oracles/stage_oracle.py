"""marts.stage_conversion (metrics.md 6.1): how many of the deals that reached a stage reached the next one."""

from collections import Counter, defaultdict
from datetime import timedelta
from fractions import Fraction
from itertools import pairwise

from tests.oracles.periods import start_of
from tests.oracles.rates import median, quantile, ratio

DAY = 86_400


def ladder(company, pipeline):
    """The open stages in their order, then the won one."""
    won = [stage for (name, stage), (_, outcome, _) in company.stages.items() if (name, outcome) == (pipeline, "won")]
    return [*company.open_stages(pipeline), *won]


def reached(deal, steps):
    """For each step the first entry into it or into a later one; none where there was none."""
    places = [(at, steps.index(stage)) for at, stage, _ in deal.entries if stage in steps]
    return [min((at for at, place in places if place >= step), default=None) for step in range(len(steps))]


def seconds_in(deal, stage):
    """All visits summed; the last one ends with the close or `as_of`, and when nobody dates the close nobody knows."""
    if deal.is_undated and deal.entries and deal.entries[-1][1] == stage:
        return None
    until = deal.closed if deal.is_closed else deal.company.as_of
    ends = [*(at for at, _, _ in deal.entries[1:]), until]
    visits = zip(deal.entries, ends, strict=False)
    stays = [max(end - at, timedelta(0)) for (at, entered, _), end in visits if entered == stage]
    return sum(stays, timedelta(0)).total_seconds() if stays else None


def stage_conversions(company):
    """(cohort_month, pipeline, rep_type, source_type, from_stage, to_stage): counts, rates and days."""
    counts, stays = defaultdict(Counter), defaultdict(list)
    for deal in company.deals.values():
        if deal.created is None:
            continue  # in no cohort
        steps = ladder(company, deal.pipeline)
        entered = reached(deal, steps)
        for place, (stage, following) in enumerate(pairwise(steps)):
            if entered[place] is None:
                continue
            day = company.day_of(entered[place])
            rep_type = company.who(deal.owner(entered[place]), day)[0]
            key = start_of("month", day), deal.pipeline, rep_type, deal.source_type, stage, following
            end = state(deal, entered[place + 1])
            counts[key][end] += 1
            stood = seconds_in(deal, stage)
            if end != "still_open" and stood is not None:
                stays[key].append(stood)
    return {key: row(cell, [Fraction(stay) / DAY for stay in stays[key]]) for key, cell in counts.items()}


def state(deal, advanced_at):
    """What became of the deal after the stage; an outcome that nobody dates is one all the same."""
    is_decided = deal.is_closed or deal.is_undated
    if advanced_at is not None or (is_decided and deal.final == "won"):
        return "advanced"
    return "lost" if is_decided and deal.final == "lost" else "still_open"


def row(cell, stays):
    return {
        "entered": cell.total(),
        "advanced": cell["advanced"],
        "lost": cell["lost"],
        "still_open": cell["still_open"],
        "conversion_rate": ratio(cell["advanced"], cell.total()),
        "decided_rate": ratio(cell["advanced"], cell["advanced"] + cell["lost"]),
        "median_days_in_stage": median(stays),
        "p90_days_in_stage": quantile(stays, Fraction(9, 10)),
        "is_mature": not cell["still_open"],
    }
