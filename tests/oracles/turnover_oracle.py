"""marts.team_turnover_monthly (metrics.md 9): heads, who came and went, and how long seats stood empty."""

from collections import Counter, defaultdict, deque
from datetime import timedelta
from fractions import Fraction

from tests.oracles.periods import days, months_after, next_of, periods, start_of
from tests.oracles.rates import median, ratio

THRESHOLD = Fraction(1, 5)
DAY = timedelta(days=1)


def scopes(company, rep_id, day):
    rep_type, role, team, manager = company.who(rep_id, day)
    named = (("rep_type", rep_type), ("role", role), ("team", team), ("manager", manager))
    return {("company", "all"), *named}


def spells(company):
    return [
        (rep_id, hired, ended) for rep_id in company.roster.history for hired, ended in company.roster.spells(rep_id)
    ]


def heads(company, day):
    """(rep, hire date) of those who are still there when the day is over."""
    return [(rep, hired) for rep, hired, ended in spells(company) if hired <= day and (ended is None or day < ended)]


def count_moves(company):
    """(scope, scope_id, month): hires, separations by kind, and moves in and out within a spell."""
    found = defaultdict(Counter)
    for rep_id, hired, ended in spells(company):
        if hired <= company.today:
            count(found, scopes(company, rep_id, hired), hired, "hires")
        if ended is not None and ended <= company.today:
            kind = company.roster.on(rep_id, ended).get("termination_kind", "").lower()
            for name in ("separations", *((f"separations_{kind}",) if kind else ())):
                count(found, scopes(company, rep_id, ended), ended, name)
        for moved, _ in company.roster.history[rep_id]:
            if hired < moved <= min(ended or company.today, company.today):
                before, after = scopes(company, rep_id, moved - DAY), scopes(company, rep_id, moved)
                count(found, after - before, moved, "transfers_in")
                count(found, before - after, moved, "transfers_out")
    return found


def count(found, where, day, name):
    for scope in where:
        found[*scope, start_of("month", day)][name] += 1


def vacancies(company):
    """(scope, scope_id, month): days on which a seat stood empty."""
    found, waiting = Counter(), defaultdict(deque)
    comings = [(hired, 0, rep_id) for rep_id, hired, _ in spells(company) if hired <= company.today]
    goings = [
        (ended, 1, rep_id) for rep_id, _, ended in spells(company) if ended is not None and ended <= company.today
    ]
    gaps = []
    for day, is_going, rep_id in sorted(comings + goings):
        seat = company.who(rep_id, day)[1:3]
        if is_going:
            waiting[seat].append((day, rep_id))
        elif waiting[seat]:
            gaps.append((*waiting[seat].popleft(), day - DAY))
    gaps += [(day, rep_id, company.today) for queue in waiting.values() for day, rep_id in queue]
    for left, rep_id, last in gaps:
        for day in days(left + DAY, last):
            for scope in scopes(company, rep_id, left):
                found[*scope, start_of("month", day)] += 1
    return found


def month_ends(company):
    """(scope, scope_id, month): the tenures of those who are there at the month's end, or at `as_of`."""
    found = defaultdict(list)
    for month in periods("month", company.first_hire, company.today):
        last = min(next_of("month", month) - DAY, company.today)
        for rep_id, hired in heads(company, last):
            for scope in scopes(company, rep_id, last):
                found[*scope, month].append((last - hired).days)
    return found


def turnovers(company):
    """(period_start, scope, scope_id): the month's cells."""
    moves, tenures, empty = count_moves(company), month_ends(company), vacancies(company)
    first = {}
    for rep_id, day, _ in company.employed_days:
        for scope in scopes(company, rep_id, day):
            first[scope] = min(first.get(scope, day), day)
    rows = {}
    for scope, since in first.items():
        for month in periods("month", since, company.today):
            row = one_row(scope, month, since, moves, tenures)
            if any(
                row[name] for name in ("headcount_start", "headcount_end", "headcount_average_12m", "separations_12m")
            ):
                rows[month, *scope] = row | {"vacancy_days": empty[*scope, month]}
    return rows


def one_row(scope, month, since, moves, tenures):
    year = [months_after(month, -back) for back in range(13)]
    ends = [len(tenures.get((*scope, one), ())) for one in year if next_of("month", one) > since]
    average = ratio(sum(ends), len(ends))
    separations = sum(moves[*scope, one]["separations"] for one in year[:12])
    rate = ratio(separations, average)
    moved = (
        "hires",
        "transfers_in",
        "transfers_out",
        "separations",
        "separations_voluntary",
        "separations_involuntary",
    )
    return {
        "headcount_start": len(tenures.get((*scope, year[1]), ())),
        "headcount_end": ends[0],
        **{name: moves[*scope, month][name] for name in moved},
        "headcount_average_12m": average,
        "separations_12m": separations,
        "turnover_rate_12m": rate,
        "is_over_threshold": None if rate is None else rate > THRESHOLD,
        "median_tenure_days": median(tenures.get((*scope, month), ())),
    }
