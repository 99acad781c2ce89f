"""marts.sales_kpi (metrics.md 7): what a new customer cost, of the company and of each team, by month and longer."""

from collections import defaultdict
from datetime import date
from decimal import Decimal

from tests.oracles.activity_oracle import UNKNOWN
from tests.oracles.daily import closes
from tests.oracles.periods import start_of
from tests.oracles.rates import ratio

GRAINS = ("month", "quarter", "year")


def acquisition_costs(company):
    """{(period_grain, period_start, scope, scope_id): (cost, spend, new customers)}; spend is None where none is told."""
    spent, won = defaultdict(list), defaultdict(int)
    for month, team, amount in spend(company):
        for key in keys(month, team):
            spent[key].append(amount)
    for day, team in new_customers(company):
        for key in keys(day, team):
            won[key] += 1
    found = {}
    for key in spent.keys() | won.keys():
        told = [amount for amount in spent[key] if amount is not None]
        total = sum(told) if told else None
        found[key] = ratio(total, won[key]), total, won[key]
    return found


def keys(day, team):
    for grain in GRAINS:
        for scope in (("company", "all"), ("team", team)):
            yield grain, start_of(grain, day), *scope


def spend(company):
    """(month, team, amount at the rate of its first day) of every month that has begun."""
    for row in company.export.living("spend"):
        month = date.fromisoformat(f"{row['month'][:7]}-01")
        if month <= company.today:
            amount = company.money(Decimal(row["amount"]), row.get("currency", "USD"), month)
            yield month, row.get("team", UNKNOWN), amount


def new_customers(company):
    """(day, the owner's team) of each account's first won deal; merged accounts are one, deleted ones none."""
    first = {}
    for owner, day, deal in closes(company):
        account = deal.account and company.accounts.survivor(deal.account)
        if deal.is_won and account:
            first[account] = min(
                first.get(account, (deal.closed, deal.id, day, owner)), (deal.closed, deal.id, day, owner)
            )
    return [(day, company.who(owner, day)[2]) for _, _, day, owner in first.values()]
