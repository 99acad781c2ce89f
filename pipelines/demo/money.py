"""Contracts, spend, quotas, forecasts and exchange rates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from pipelines.demo.company import Window, stamp
from pipelines.demo.customers import account_id
from pipelines.demo.deals import WON, Deal
from pipelines.demo.roster import Roster

Rows = Iterator[dict[str, object]]


def contract_rows(window: Window, deals: Sequence[Deal], accounts: int) -> Rows:
    """contracts.csv: year-long ones that end within the window, renewed or not, and those of the deals won."""
    dice = window.dice("contracts")
    for number in range(0, accounts, 4):
        end = window.first + timedelta(days=dice.randrange(window.days + 60))
        base = {"account_id": account_id(number), "currency": dice.choice(("USD", "USD", "", "CAD", "AUD"))}
        amount = dice.randrange(300, 4000)
        renewed, contract = dice.random() < 0.8, f"CTR-{number:06d}"
        updated = {"updated_at": stamp(end - timedelta(days=30), 10 * 3600)}
        yield {
            **base,
            **updated,
            "contract_id": contract,
            "start_date": end - timedelta(days=364),
            "end_date": end,
            "monthly_amount": f"{amount}.00",
            "renewed_by_contract_id": f"{contract}-R" if renewed else "",
            "cancelled_date": end - timedelta(days=20) if not renewed and number % 3 == 0 else "",
        }
        if renewed:
            start = end + timedelta(days=1 if number % 16 else 12)
            new_amount = f"{amount * dice.randrange(90, 130) // 100}.00"
            yield {**base, **updated, "contract_id": f"{contract}-R", "start_date": start, "monthly_amount": new_amount}
    for deal in deals:
        if deal.stage == WON:
            yield _contract_of(deal)


def _contract_of(deal: Deal) -> dict[str, object]:
    return {
        "contract_id": f"CTR-D{deal.number:06d}",
        "account_id": account_id(deal.account),
        "start_date": deal.day + timedelta(days=7),
        "end_date": deal.day + timedelta(days=371),
        "monthly_amount": f"{deal.amount // 12}.00",
        "currency": deal.currency,
        "updated_at": stamp(deal.day, 18 * 3600),
    }


def spend_rows(window: Window, roster: Roster) -> Rows:
    """spend.csv; the first line is corrected by the last one (the later line wins)."""
    dice = window.dice("spend")
    teams = list(dict.fromkeys(row.team for row in roster.rows))
    lines: list[dict[str, object]] = []
    for month in window.months():
        for team in teams:
            lines.append(_spend(month, "sales", dice.randrange(18_000, 42_000), team))
        lines.append(_spend(month, "marketing", dice.randrange(30_000, 60_000), ""))
    yield from lines
    yield {**lines[0], "amount": "25500.00"}


def _spend(month: date, category: str, amount: int, team: str) -> dict[str, object]:
    return {"month": month.strftime("%Y-%m"), "category": category, "amount": f"{amount}.00", "team": team}


def quota_rows(window: Window, roster: Roster) -> Rows:
    """quotas.csv: a row a closing rep and month."""
    dice = window.dice("quotas")
    closers = list(dict.fromkeys(row.rep_id for row in roster.rows if row.role in ("ae", "field_rep", "")))
    for month in window.months():
        for rep_id in closers:
            amount = dice.randrange(20, 60) * 1000
            row = {"period_start": month, "period_grain": "month", "rep_id": rep_id, "amount": f"{amount}.00"}
            yield {**row, "currency": "USD", "updated_at": stamp(month - timedelta(days=10), 9 * 3600)}


def forecast_rows(window: Window, roster: Roster) -> Rows:
    """forecasts.csv: the company's and each team's, submitted twice, and a few reps' own."""
    dice = window.dice("forecasts")
    teams = list(dict.fromkeys(row.team for row in roster.rows))
    for month in window.months():
        base = {"period_start": month, "period_grain": "month", "currency": "USD"}
        for days_before in (9, 2):
            submitted = stamp(month - timedelta(days=days_before), 15 * 3600)
            said = {**base, "submitted_at": submitted, "updated_at": submitted}
            yield {**said, "amount": f"{dice.randrange(400, 900) * 1000}.00"}
            for team in teams:
                yield {**said, "amount": f"{dice.randrange(40, 220) * 1000}.00", "team": team}
        for rep_id in roster.rep_ids[:3]:
            submitted = stamp(month - timedelta(days=3), 16 * 3600)
            own = {**base, "submitted_at": submitted, "updated_at": submitted, "rep_id": rep_id}
            yield {**own, "amount": f"{dice.randrange(15, 70) * 1000}.00"}


def rate_rows(window: Window) -> Rows:
    """exchange_rates.csv: the month's rates to USD; AUD has none."""
    dice = window.dice("rates")
    for month in window.months(before=4):
        for currency, low in (("CAD", 7200), ("GBP", 12500)):
            rate = f"{(low + dice.randrange(400)) / 10_000:.4f}"
            yield {"rate_date": month, "from_currency": currency, "to_currency": "USD", "rate": rate}
