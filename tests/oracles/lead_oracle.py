"""marts.lead_funnel (metrics.md 6.2): how far the leads of a month came within the window."""

from collections import Counter, defaultdict
from datetime import timedelta

from tests.oracles.activity_oracle import UNKNOWN
from tests.oracles.periods import next_of, start_of
from tests.oracles.rates import median, ratio

WINDOW = timedelta(days=180)
STEPS = ("contacted", "connected", "meeting_held", "opportunity_created", "won")


def activities_of(company):
    """Lead id: its activities up to `as_of` in order of time, by its own id or its contact's; no internal ones."""
    leads_of = defaultdict(set)
    for lead in company.leads.values():
        leads_of["lead", lead.id].add(lead.id)
        if lead.contact is not None:
            leads_of["contact", lead.contact].add(lead.id)
    found = defaultdict(list)
    for act in company.acts:
        if act.is_past and act.direction != "internal":
            for lead_id in set().union(*(leads_of.get(side, ()) for side in act.sides)):
                found[lead_id].append(act)
    return {lead_id: sorted(acts, key=lambda act: act.instant) for lead_id, acts in found.items()}


def deals_of(company):
    """Lead id: its deals, linked from either side."""
    found = defaultdict(set)
    for deal in company.deals.values():
        found[deal.row.get("lead_id")].add(deal)
        for lead in deal.leads:
            found[lead.id].add(deal)
    return found


def is_connection(act):
    is_answer = act.channel == "email" and act.is_completed and act.direction == "inbound"
    return act.is_connected_call or act.is_held or is_answer


def is_within(lead, act):
    """Whether it lies in the lead's window; what has only a date may be of the day on which the lead came in."""
    is_after = lead.created_day <= act.day if act.is_dated else lead.created <= act.instant
    return is_after and act.instant <= lead.created + WINDOW


def own_steps(company, lead, acts, deals):
    """Each step's own event within the window, whether or not there was one."""
    last = min(lead.created + WINDOW, company.as_of)
    within = [act for act in acts if is_within(lead, act)]
    return {
        "contacted": any(act.is_touch for act in within),
        "connected": any(is_connection(act) for act in within),
        "meeting_held": any(act.is_held for act in within),
        "opportunity_created": any(deal.created and lead.created <= deal.created <= last for deal in deals),
        "won": any(deal.is_won and lead.created <= deal.closed <= last for deal in deals),
    }


def lead_funnels(company):
    """(cohort_month, rep_type, source_type): steps, rates, and how fast."""
    acts_of, of_lead = activities_of(company), deals_of(company)
    counts, speeds = defaultdict(Counter), defaultdict(list)
    for lead in company.leads.values():
        if lead.created > company.as_of:
            continue
        acts = acts_of.get(lead.id, [])
        own = own_steps(company, lead, acts, of_lead[lead.id])
        touch = next((act for act in acts if act.is_touch and is_within(lead, act)), None)
        is_known = touch is not None and touch.rep_id != UNKNOWN
        rep_type = company.who(*((touch.rep_id, touch.day) if is_known else (lead.owner, lead.created_day)))[0]
        key = start_of("month", lead.created_day), rep_type, lead.source_type
        counts[key]["leads"] += 1
        counts[key]["untouched"] += touch is None
        for place, step in enumerate(STEPS):
            counts[key][step] += any(own[later] for later in STEPS[place:])
        if touch and not touch.is_dated:
            speeds[key].append(int((touch.instant - lead.created).total_seconds()))
    return {key: row(company, key[0], cell, speeds[key]) for key, cell in counts.items()}


def row(company, month, cell, speeds):
    rates = {}
    for before, step in zip(("leads", *STEPS), STEPS, strict=False):
        rates[f"{step}_rate"] = ratio(cell[step], cell[before])
        rates[f"{step}_cumulative_rate"] = ratio(cell[step], cell["leads"])
    return {
        **{name: cell[name] for name in ("leads", *STEPS, "untouched")},
        **rates,
        "speed_to_lead_seconds_median": median(speeds),
        "is_mature": company.instant_of(next_of("month", month)) - timedelta(microseconds=1) + WINDOW <= company.as_of,
    }
