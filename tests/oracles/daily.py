"""What each rep did on each day (metrics.md 2), and what became of whose deals, for the marts that add them up."""

from collections import Counter, defaultdict
from decimal import Decimal
from functools import cache


@cache
def activity_counts(company):
    """(rep, day): its counts, of everyone and whatever the role."""
    counts = defaultdict(Counter)
    for act in company.acts:
        if act.booked:
            counts[act.booked]["meetings_booked"] += 1
        if act.is_past:
            cell = counts[act.rep_id, act.day]
            for name, number in figures(act):
                cell[name] += number
    for deal in company.deals.values():
        if proposed := first_proposal(deal):
            counts[deal.owner(proposed), company.day_of(proposed)]["proposals_sent"] += 1
    return counts


def first_proposal(deal):
    """When the deal first entered a stage of kind proposal."""
    kinds = {
        stage: kind for (pipeline, stage), (_, _, kind) in deal.company.stages.items() if pipeline == deal.pipeline
    }
    return min((at for at, stage, _ in deal.entries if kinds.get(stage) == "proposal"), default=None)


def figures(act):
    """What one activity up to `as_of` adds, by name."""
    if act.is_touch:
        yield "touches", 1
        yield "after_hours_touches", int(act.is_after_hours)
        yield "social_touches", int(act.channel == "social")
    if act.is_call:
        is_outbound = act.direction == "outbound"
        yield "calls", 1
        yield "calls_outbound", int(is_outbound)
        yield "calls_connected", int(act.is_connected_call)
        yield "calls_outbound_connected", int(is_outbound and act.is_connected_call)
        yield "talk_seconds", act.seconds
    if act.is_email:
        yield "emails", 1
    if act.is_held:
        yield "meetings_held", 1
        yield "meeting_seconds", act.seconds
        yield "meetings_in_person", int(act.is_in_person)
        yield "in_person_seconds", act.seconds if act.is_in_person else 0


def counted_days(company, counts):
    """(rep, day, counts) of the people who count as reps on the day."""
    return [(rep_id, day, cell) for (rep_id, day), cell in counts.items() if company.is_counted(rep_id, day)]


def creations(company):
    """(owner, day, deal) of every deal created up to `as_of`."""
    made = (deal for deal in company.deals.values() if deal.is_created)
    return [(deal.owner(deal.created), deal.created_day, deal) for deal in made]


def closes(company):
    """(owner, day, deal) of every deal closed up to `as_of`."""
    done = (deal for deal in company.deals.values() if deal.is_closed)
    return [(deal.owner(deal.closed), deal.closed_day, deal) for deal in done]


def close_figures(deal):
    """What one close adds, by name."""
    if deal.final == "lost":
        yield "lost_count", 1
        yield "lost_amount", deal.closed_money or Decimal(0)
        return
    yield "won_count", 1
    yield "won_amount", deal.closed_money or Decimal(0)
    yield "won_priced", int(deal.closed_money is not None)
    yield "won_unpriced", int(deal.is_unpriced)
    yield "cycle_deals", int(deal.created is not None)
    yield "cycle_days", deal.cycle_days or 0


@cache
def deal_counts(company):
    """(owner, day): deals created and closed, of everyone; Counter cells that also hold amounts."""
    counts = defaultdict(Counter)
    for owner, day, _ in creations(company):
        counts[owner, day]["opportunities_created"] += 1
    for owner, day, deal in closes(company):
        for name, number in close_figures(deal):
            counts[owner, day][name] += number
    return counts
