"""marts.rep_workload_weekly (metrics.md 8): how much a rep does in a week, against their own weeks and their peers."""

from collections import Counter, defaultdict
from datetime import timedelta

from tests.oracles.activity_oracle import prefixed
from tests.oracles.daily import activity_counts, counted_days
from tests.oracles.periods import days, periods, start_of
from tests.oracles.rates import median, ratio, total

RAMP_DAYS, UNTOUCHED = 90, timedelta(days=30)
WEEK = timedelta(days=7)


def weeks(company):
    """(rep, week): the last employed day, its spell's hire date and the workdays; of those who count on that day."""
    last, worked = {}, Counter()
    for rep_id, day, hired in company.employed_days:
        key = rep_id, start_of("week", day)
        last[key] = day, hired
        worked[key] += company.is_counted(rep_id, day) and company.roster.is_workday(rep_id, day)
    return {key: (*found, worked[key]) for key, found in last.items() if company.is_counted(key[0], found[0])}


def sums(company):
    """(rep, week): the sums of what was done on days on which the rep counts."""
    cells = defaultdict(Counter)
    for rep_id, day, cell in counted_days(company, activity_counts(company)):
        cells[rep_id, start_of("week", day)].update(cell)
    return cells


def contacts_by_day(company):
    found = defaultdict(set)
    for act in company.acts:
        if act.is_touch and company.is_counted(act.rep_id, act.day):
            found[act.rep_id, act.day] |= act.contacts
    return found


def end_of_week(company, week):
    """The last instant of the week and its day, no later than `as_of`."""
    end = company.end_of(week + WEEK)
    return end, company.day_of(end)


def open_deals(company):
    """(owner, week): the deals open at its end."""
    found = defaultdict(list)
    ends = [(week, company.end_of(week + WEEK)) for week in periods("week", company.first_hire, company.today)]
    for deal in company.deals.values():
        for week, end in ends:
            if deal.is_open(end):
                found[deal.owner(end), week].append(deal)
    return found


def workloads(company):
    """(rep_id, week_start): the week's cells."""
    cells, touched, deals = sums(company), contacts_by_day(company), open_deals(company)
    rows, acts = {}, acts_about(company)
    for (rep_id, week), (last, hired, workdays) in weeks(company).items():
        cell, (end, end_day) = cells[rep_id, week], end_of_week(company, week)
        trailing = (touched.get((rep_id, day), set()) for day in days(end_day - timedelta(days=27), end_day))
        held = deals[rep_id, week]
        rows[rep_id, week] = {
            "workdays": workdays,
            "touches": cell["touches"],
            "touches_per_workday": ratio(cell["touches"], workdays),
            "contacts_active": len(set().union(*trailing)),
            "open_opportunities": len(held),
            "open_amount": total(deal.money(end, end_day) for deal in held),
            "meeting_hours": ratio(cell["meeting_seconds"], 3600),
            "after_hours_share": ratio(cell["after_hours_touches"], cell["touches"]),
            "untouched_opportunities": sum(is_untouched(acts[deal.id], rep_id, end, end_day) for deal in held),
            "peers": (week, *company.who(rep_id, last)[:2]),
            "is_ramping": (last - hired).days < RAMP_DAYS,
        }
    against_others(rows)
    return {(prefixed(rep_id), week): row for (rep_id, week), row in rows.items()}


def acts_about(company):
    """Deal id: the completed activities and the meetings to come with it, its lead, contact or account."""
    by_side = defaultdict(list)
    for act in company.acts:
        if act.is_completed or act.channel == "meeting":
            for side in {*act.sides, ("deal", act.deal_id)}:
                by_side[side].append(act)
    found = {}
    for deal in company.deals.values():
        sides = ("deal", deal.id), ("lead", deal.lead_id), ("contact", deal.contact), ("account", deal.account)
        found[deal.id] = [act for side in sides if side[1] is not None for act in by_side.get(side, ())]
    return found


def is_untouched(acts, owner, end, end_day):
    """Whether the owner did nothing about the deal of late, and no meeting that was booked by then is ahead."""
    since = end_day - UNTOUCHED
    recent = any(act.rep_id == owner and act.is_completed and since < act.day <= end_day for act in acts)
    return not recent and not any(act.channel == "meeting" and is_ahead(act, end) for act in acts)


def is_ahead(act, end):
    created = act.row.get("created_at")
    is_booked = created is None or act.company.export.instant(created) <= end
    return act.instant > end and is_booked and act.row.get("status", "").lower() != "cancelled"


def against_others(rows):
    """Adds the rep's own usual week, the peers' median and what level that makes."""
    paces = defaultdict(dict)
    for (rep_id, _), row in rows.items():
        if row["touches_per_workday"] is not None and not row["is_ramping"]:
            paces[row["peers"]][rep_id] = row["touches_per_workday"]
    for (rep_id, week), row in rows.items():
        before = [rows.get((rep_id, week - number * WEEK)) for number in range(1, 9)]
        usual = [one["touches_per_workday"] for one in before if one and one["workdays"] >= 3]
        row["baseline_weeks"], row["baseline_touches_per_workday"] = len(usual), median(usual)
        others = [pace for peer, pace in paces[row["peers"]].items() if peer != rep_id]
        row["peer_median_touches_per_workday"] = median(others)
        row["vs_baseline"] = ratio(row["touches_per_workday"], row["baseline_touches_per_workday"])
        row["vs_peers"] = ratio(row["touches_per_workday"], row["peer_median_touches_per_workday"])
        row["workload_level"] = level(row["touches_per_workday"], row["vs_baseline"], row["vs_peers"])


def level(pace, *sides):
    if pace is None:
        return None
    known = [side for side in sides if side is not None]
    is_judged_by_both = len(known) == len(sides)
    if pace >= 90 or (is_judged_by_both and min(known) * 2 >= 3):
        return "overload"
    if known and max(known) * 4 >= 5:
        return "high"
    return "under" if is_judged_by_both and max(known) * 2 <= 1 else "normal"
