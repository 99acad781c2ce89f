"""Contracts: customers' yearly chains that renew, expand, shrink, lapse or are cancelled, and those of the deals won."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from pipelines.demo.company import Window, stamp
from pipelines.demo.customers import account_id, count_customers
from pipelines.demo.deals import WON, Deal

Rows = Iterator[dict[str, object]]
_RENEWED = 0.89
_CANCELLED = 0.03
"""Of those that are not renewed or could be, the share that ends before its term."""
_SIGNED_AHEAD = 30
"""A renewal is on file so many days before it starts."""


def contract_rows(window: Window, deals: Sequence[Deal], sellers: int) -> Rows:
    """contracts.csv. A term is a year; what starts more than a month after the window is not signed yet."""
    dice = window.dice("contracts")
    for customer in range(count_customers(sellers)):
        start = window.last - timedelta(days=dice.randrange(20, 1000))
        amount = dice.randrange(400, 5200)
        currency = dice.choice(("USD", "USD", "USD", "USD", "", "CAD", "GBP", "AUD"))
        yield from _chain(window, dice, f"CTR-{customer:06d}", customer, start, amount, currency)
    for deal in deals:
        if deal.stage == WON and deal.deal_type != "renewal":
            start = deal.day + timedelta(days=7)
            contract = f"CTR-D{deal.number:06d}"
            yield from _chain(window, dice, contract, deal.account, start, max(1, deal.amount // 12), deal.currency)


def _chain(
    window: Window, dice: random.Random, contract: str, account: int, start: date, amount: int, currency: str
) -> Rows:
    """A customer's contracts, each renewed by the next one, as long as they last."""
    number = 1
    while start <= window.last + timedelta(days=_SIGNED_AHEAD):
        end = start + timedelta(days=364)
        following, next_start, cancelled = "", None, None
        if dice.random() < _CANCELLED:
            cancelled = start + timedelta(days=dice.randrange(60, 340))
            cancelled = cancelled if cancelled <= window.last else None
        elif dice.random() < _RENEWED:
            gap = 1 if dice.random() < 0.92 else 13
            next_start = end + timedelta(days=gap)
            is_signed = next_start <= window.last + timedelta(days=_SIGNED_AHEAD)
            following = f"{contract}-{number + 1}" if is_signed else ""
        yield {
            "contract_id": contract if number == 1 else f"{contract}-{number}",
            "account_id": account_id(account),
            "start_date": start,
            "end_date": end,
            "monthly_amount": f"{amount}.00",
            "currency": currency,
            "renewed_by_contract_id": following,
            "cancelled_date": cancelled or "",
            "updated_at": stamp(min(window.last, cancelled or (end if following else start)), 18 * 3600),
        }
        if next_start is None:
            return
        start, amount, number = next_start, _next_amount(dice, amount), number + 1


def _next_amount(dice: random.Random, amount: int) -> int:
    """A third expand, one in eight shrinks, the rest pays a little more."""
    roll = dice.random()
    if roll < 0.33:
        return amount * dice.randrange(110, 145) // 100
    return amount * dice.randrange(70, 95) // 100 if roll < 0.45 else amount * 103 // 100
