"""Spend, forecasts and exchange rates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from pipelines.demo.company import Window, month_after, stamp
from pipelines.demo.deals import WON, Deal
from pipelines.demo.roster import Roster

Rows = Iterator[dict[str, object]]
_RATES = {"CAD": 0.735, "GBP": 1.27, "EUR": 1.09}
"""To USD, about; AUD has none."""
_COST_A_PERSON = 9_500
"""Sales spend a head and month."""
_MARKETING_A_PERSON = 2_600
_TYPICAL_DEALS = 4
"""What a team forecasts where nothing was won, in deals of 20,000."""


def spend_rows(window: Window, roster: Roster) -> Rows:
    """spend.csv; the first line is corrected by the last one (the later line wins)."""
    dice = window.dice("spend")
    lines: list[dict[str, object]] = []
    for month in window.months(before=12):
        heads = Counter(row.team for row in roster.rows if roster.on(row.rep_id, month) is row)
        for team in roster.teams:
            amount = max(1, heads[team]) * _COST_A_PERSON * dice.randrange(92, 110) // 100
            lines.append(_spend(month, "sales", amount, team))
        marketing = max(1, heads.total()) * _MARKETING_A_PERSON * dice.randrange(80, 125) // 100
        lines.append(_spend(month, "marketing", marketing, ""))
    yield from lines
    yield {**lines[0], "amount": "25500.00"}


def _spend(month: date, category: str, amount: int, team: str) -> dict[str, object]:
    return {"month": month.strftime("%Y-%m"), "category": category, "amount": f"{amount}.00", "team": team}


def forecast_rows(window: Window, roster: Roster, deals: Sequence[Deal]) -> Rows:
    """forecasts.csv: the company's and each team's, submitted twice, and a few reps' own; next month's as well."""
    dice = window.dice("forecasts")
    won = _won_by_month(roster, deals)
    for month in [*window.months(before=12), month_after(window.last.replace(day=1))]:
        base = {"period_start": month, "period_grain": "month", "currency": "USD"}
        for days_before, spread in ((9, 35), (2, 22)):
            submitted = stamp(month - timedelta(days=days_before), 15 * 3600)
            if (month - window.last).days > days_before:
                continue
            said = {**base, "submitted_at": submitted, "updated_at": submitted}
            total = 0
            for team in roster.teams:
                expected = won[month, team] or _TYPICAL_DEALS * 20_000
                amount = expected * dice.randrange(102 - spread, 106 + spread) // 100000 * 1000
                total += amount
                yield {**said, "amount": f"{amount}.00", "team": team}
            yield {**said, "amount": f"{total * dice.randrange(90, 108) // 100}.00"}
        for rep_id in roster.rep_ids[:3]:
            submitted = stamp(month - timedelta(days=3), 16 * 3600)
            own = {**base, "submitted_at": submitted, "updated_at": submitted, "rep_id": rep_id}
            if month <= window.last:
                yield {**own, "amount": f"{dice.randrange(15, 90) * 1000}.00"}


def _won_by_month(roster: Roster, deals: Sequence[Deal]) -> Counter[tuple[date, str]]:
    """Amounts won by month and the owner's team at the close, in about USD."""
    won: Counter[tuple[date, str]] = Counter()
    for deal in deals:
        if deal.stage == WON:
            row = roster.on(deal.owner, deal.day) or roster.histories[deal.owner][-1]
            won[deal.day.replace(day=1), row.team] += round(deal.amount * _RATES.get(deal.currency, 1))
    return won


def rate_rows(window: Window) -> Rows:
    """exchange_rates.csv: each Monday's rates to USD, which drift; AUD has none."""
    dice = window.dice("rates")
    rates = dict(_RATES)
    day = window.opening - timedelta(days=60)
    day -= timedelta(days=day.weekday())
    while day <= window.last:
        for currency, middle in _RATES.items():
            rates[currency] += (middle - rates[currency]) * 0.1 + middle * (dice.random() - 0.5) * 0.015
            rate = f"{rates[currency]:.4f}"
            yield {"rate_date": day, "from_currency": currency, "to_currency": "USD", "rate": rate}
        day += timedelta(days=7)
