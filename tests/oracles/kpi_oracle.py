"""marts.sales_kpi (metrics.md 7): numerator, denominator and value of the kpis that deals, quotas and contracts make."""

from collections import Counter, defaultdict
from datetime import date, timedelta
from decimal import Decimal

from tests.oracles.activity_oracle import CLOSES, OPENS
from tests.oracles.daily import activity_counts, closes
from tests.oracles.periods import GRAINS, next_of, start_of
from tests.oracles.pipeline_oracle import pipeline_kpis
from tests.oracles.rates import ratio
from tests.oracles.spend_oracle import acquisition_costs

WORKDAY_SECONDS = (CLOSES.hour - OPENS.hour) * 3600 + (CLOSES.minute - OPENS.minute) * 60
DAY = timedelta(days=1)


class Sums:
    """Two parts by kpi, grain, period start, scope and its id."""

    def __init__(self, company):
        self.company = company
        self.parts = defaultdict(lambda: [0, 0])
        self.starts = {}

    def add(self, kpi, rep_id, day, numerator, denominator):
        """To all periods of the day and all scopes of the rep on it."""
        for scope in self.company.scopes(rep_id, day):
            self.add_to(kpi, scope, day, numerator, denominator)

    def add_to(self, kpi, scope, day, numerator, denominator):
        if day not in self.starts:
            self.starts[day] = [(grain, start_of(grain, day)) for grain in GRAINS]
        for period in self.starts[day]:
            self.put(kpi, period, scope, numerator, denominator)

    def put(self, kpi, period, scope, numerator, denominator):
        cell = self.parts[kpi, *period, *scope]
        cell[0] += numerator
        cell[1] += denominator


def sales_kpis(company):
    """kpi: {(period_grain, period_start, scope, scope_id): (value, numerator, denominator)}."""
    sums = Sums(company)
    add_closes(sums)
    add_quotas(sums)
    add_selling_time(sums)
    add_churn(sums)
    found = defaultdict(dict)
    for (kpi, *key), (numerator, denominator) in sums.parts.items():
        found[kpi][tuple(key)] = ratio(numerator, denominator), numerator, denominator
    found.update(pipeline_kpis(company, sums.parts))
    found["customer_acquisition_cost"] = acquisition_costs(company)
    found["forecast_accuracy"] = forecast_accuracies(company, found["quota_attainment"])
    return found


def add_closes(sums):
    for owner, day, deal in closes(sums.company):
        amount, is_won = deal.closed_money, deal.is_won
        sums.add("win_rate", owner, day, int(is_won), 1)
        sums.add("win_rate_by_amount", owner, day, (amount or 0) * is_won, amount or 0)
        if is_won:
            sums.add("average_deal_size", owner, day, amount or 0, int(amount is not None))
            is_expansion = deal.row.get("deal_type", "").lower() == "expansion"
            sums.add("expansion_share", owner, day, (amount or 0) * is_expansion, amount or 0)
            sums.add("quota_attainment", owner, day, amount or 0, 0)
            if deal.created is not None:
                sums.add("sales_cycle_days", owner, day, deal.cycle_days, 1)


def quotas_of(company):
    """rep: {(grain, start): amount}, in the company's currency at the start."""
    found = defaultdict(dict)
    for row in company.export.living("quotas"):
        start = date.fromisoformat(row["period_start"])
        amount = company.money(Decimal(row["amount"]), row.get("currency", "USD"), start)
        if amount is not None:
            found[company.roster.resolve(row["rep_id"])][row["period_grain"].lower(), start] = amount
    return found


def with_longer(rows):
    """A rep's quotas, with the quarters and years that have no row of their own as the sum of their months."""
    found = defaultdict(Decimal)
    for (grain, start), amount in rows.items():
        longer = [(one, start_of(one, start)) for one in ("quarter", "year") if grain == "month"]
        for period in [(grain, start), *(one for one in longer if one not in rows)]:
            found[period] += amount
    return found


def add_quotas(sums):
    """The scope is that of the period's first day."""
    for rep_id, rows in quotas_of(sums.company).items():
        for (grain, start), amount in with_longer(rows).items():
            for scope in sums.company.scopes(rep_id, start) if start <= sums.company.today else ():
                sums.put("quota_attainment", (grain, start), scope, 0, amount)


def add_selling_time(sums):
    company, seconds, capacity = sums.company, Counter(), Counter()
    for (rep_id, day), cell in activity_counts(company).items():
        for scope in company.scopes(rep_id, day):
            seconds[scope, day] += cell["talk_seconds"] + cell["meeting_seconds"]
    for rep_id, day, _ in company.employed_days:
        if company.roster.is_workday(rep_id, day):
            for scope in company.scopes(rep_id, day):
                capacity[scope, day] += WORKDAY_SECONDS
    for scope, day in seconds.keys() | capacity.keys():
        sums.add_to("selling_time_share", scope, day, seconds[scope, day], capacity[scope, day])


def add_churn(sums):
    """By account and period: whether any contract stops, and whether the customer is gone then."""
    company = sums.company
    contracts = defaultdict(list)
    rows = company.export.living("contracts")
    known = {row["contract_id"] for row in rows}
    for row in rows:
        if account := company.accounts.survivor(row["account_id"]):
            stops = [date.fromisoformat(row[name]) for name in ("end_date", "cancelled_date") if name in row]
            is_renewed = row.get("renewed_by_contract_id") in known
            contracts[account].append((date.fromisoformat(row["start_date"]), min(stops, default=date.max), is_renewed))
    for terms in contracts.values():
        for grain in GRAINS:
            for period, gone in churn(grain, terms, company.today).items():
                sums.put("customer_churn_rate", (grain, period), ("company", "all"), int(gone), 1)


def churn(grain, terms, today):
    """Period: whether the customer whose contracts stop in it is gone."""
    stopping = defaultdict(list)
    for _, stop, is_renewed in terms:
        if stop <= today:
            stopping[start_of(grain, stop)].append((stop, is_renewed))
    found = {}
    for period, stops in stopping.items():
        after = max(stops)[0] + DAY
        goes_on = any(renewed for _, renewed in stops) or any(start <= after <= stop for start, stop, _ in terms)
        found[period] = not goes_on
    return found


def forecast_accuracies(company, won):
    """The company's and each team's and rep's last forecast before a period that is over, against what was won."""
    last = {}
    for row in company.export.living("forecasts"):
        grain, start = row["period_grain"].lower(), date.fromisoformat(row["period_start"])
        submitted = company.export.instant(row["submitted_at"])
        if submitted < company.instant_of(start) and next_of(grain, start) <= company.today:
            key = grain, start, row.get("rep_id"), row.get("team")
            amount = company.money(Decimal(row["amount"]), row.get("currency", "USD"), start)
            if key not in last or submitted > last[key][0]:
                last[key] = submitted, amount
    found = defaultdict(dict)
    for (grain, start, rep_id, team), (_, amount) in last.items():
        scope = ("rep", f"crm:{rep_id}") if rep_id else ("team", team) if team else ("company", "all")
        found[grain, start][scope] = amount
    for amounts in found.values():
        amounts.setdefault(("company", "all"), parts_sum(amounts, "team") or parts_sum(amounts, "rep"))
    return {
        (*period, *scope): accuracy(amount, won.get((*period, *scope), (None, 0, 0))[1])
        for period, amounts in found.items()
        for scope, amount in amounts.items()
    }


def parts_sum(amounts, scope):
    return sum(amount for (one, _), amount in amounts.items() if one == scope and amount is not None)


def accuracy(forecast, actual):
    """(accuracy, won amount less the miss, won amount)."""
    missed = None if forecast is None else ratio(abs(forecast - actual), actual)
    if missed is None:
        return None, None, None
    return max(1 - missed, 0), max(actual - abs(forecast - actual), Decimal(0)), actual
