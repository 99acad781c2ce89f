"""Deals and how they moved: skipped stages, moves backward, long stays, reopened deals, heirs of those who left."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import NamedTuple

from pipelines.demo.company import (
    Window,
    is_quarter_end,
    is_workday,
    month_after,
    next_workday,
    office_second,
    seasonal_day,
)
from pipelines.demo.customers import count_customers, count_prospects
from pipelines.demo.plot import Plot
from pipelines.demo.roster import Roster


class Stage(NamedTuple):
    """An open stage; `advances` is the share of its deals that are not lost from it."""

    name: str
    probability: float
    kind: str
    advances: float


PIPELINES: dict[str, tuple[Stage, ...]] = {
    "default": (
        Stage("Prospecting", 0.05, "", 0.74),
        Stage("Qualified", 0.15, "qualification", 0.74),
        Stage("Demo", 0.35, "demo", 0.80),
        Stage("Proposal", 0.55, "proposal", 0.76),
        Stage("Negotiation", 0.75, "negotiation", 0.80),
    ),
    "Expansion": (
        Stage("Identified", 0.3, "", 0.84),
        Stage("Proposal Sent", 0.6, "proposal", 0.87),
        Stage("Verbal", 0.9, "", 0.93),
    ),
}
WON, LOST = "Closed Won", "Closed Lost"
WORSE_STAGE, WORSE_ADVANCES = "Demo", 0.42
"""The stage of the planted story, and what is left of its share."""
_A_MONTH = 3.6
"""New deals of a closer."""
_PACE = {"outside": 150, "hybrid": 120}
"""Per cent of an inside rep's time between two moves."""


class Change(NamedTuple):
    """A logged move. Blank texts and amount 0 are empty cells."""

    to_stage: str
    day: date
    second: int
    from_stage: str = ""
    changed_by: str = ""
    owner: str = ""
    amount: int = 0


@dataclass(slots=True)
class Deal:
    """A deal while its history is being told; `day`, `second` and `stage` are those of its last move."""

    number: int
    account: int
    owner: str
    pipeline: str
    deal_type: str
    created: date
    pace: int
    amount: int
    currency: str
    stage: str
    day: date
    second: int
    has_lead: bool
    changes: list[Change] = field(default_factory=list)

    @property
    def opportunity_id(self) -> str:
        """The source's id."""
        return opportunity_id(self.number)

    @property
    def contact(self) -> int:
        """The number of its contact."""
        return self.account * 3 + self.number % 3

    @property
    def is_open(self) -> bool:
        """Whether it has no outcome yet."""
        return self.stage not in (WON, LOST)

    @property
    def is_neglected(self) -> bool:
        """Whether nobody cares for it any more, as long as it is open."""
        return self.number % 9 == 4


def opportunity_id(number: int) -> str:
    """The source's id of the numbered deal."""
    return f"OPP-{number:06d}"


def count_accounts(sellers: int, deals: Sequence[Deal]) -> int:
    """All accounts; those of the deals are the last."""
    last = max((deal.account for deal in deals), default=0)
    return max(last + 1, count_customers(sellers) + count_prospects(sellers))


def tell_deals(window: Window, roster: Roster, plot: Plot) -> list[Deal]:
    """The deals of the window and of the year before it, each with its moves up to the window's end."""
    return list(_Story(window, roster, plot, window.dice("deals")).deals())


@dataclass
class _Story:
    """Tells one deal after the other."""

    window: Window
    roster: Roster
    plot: Plot
    dice: random.Random
    fresh_accounts: int = 0

    def deals(self) -> Iterator[Deal]:
        closers = len(self.roster.closers(self.window.last))
        months = (self.window.last - self.window.opening).days / 30.4
        for number in range(max(3, round(closers * months * _A_MONTH))):
            deal = self._begin(number)
            self._move_until_the_end(deal)
            if deal.stage == LOST and self.dice.random() < 0.05:
                self._move(deal, PIPELINES[deal.pipeline][-1].name)
                self._move_until_the_end(deal)
            if deal.is_open:
                deal.owner = self._heir(deal.owner, self.window.last)
            yield deal

    def _begin(self, number: int) -> Deal:
        dice, window = self.dice, self.window
        created = min(seasonal_day(dice, window.opening, window.last), window.last)
        owner = dice.choice(self.roster.closers(created))
        row = self.roster.on(owner, created) or self.roster.histories[owner][0]
        is_expansion = dice.random() < (1 if row.role == "csm" else 0.1)
        pipeline = "Expansion" if is_expansion else "default"
        pace = _PACE.get(row.rep_type, 100) * (60 if is_expansion else 100) // 100
        amount = dice.choice((6, 9, 14, 18, 25, 38, 60)) * dice.randrange(850, 1300) * pace // 100
        deal = Deal(
            number=number,
            account=self._account(is_expansion),
            owner=owner,
            pipeline=pipeline,
            deal_type=("renewal" if dice.random() < 0.25 else "expansion") if is_expansion else "new",
            created=created,
            pace=pace,
            amount=amount,
            currency=_currency(dice, row.country),
            stage=PIPELINES[pipeline][0].name,
            day=created,
            second=9 * 3600,
            has_lead=not is_expansion and created > window.at(0.1) and number % 3 != 0,
        )
        if dice.random() < 0.6:
            deal.changes.append(Change(deal.stage, created, deal.second))
        return deal

    def _account(self, is_customer: bool) -> int:
        """A customer that only deals touch, or an account of the deal's own, one in ten an earlier deal's."""
        customers = count_customers(self.roster.sellers)
        if is_customer:
            return self.dice.randrange(max(1, customers * 2 // 5))
        first = customers + count_prospects(self.roster.sellers)
        if self.fresh_accounts and self.dice.random() < 0.1:
            return first + self.dice.randrange(self.fresh_accounts)
        self.fresh_accounts += 1
        return first + self.fresh_accounts - 1

    def _move_until_the_end(self, deal: Deal) -> None:
        while deal.is_open and self._move(deal, self._next_stage(deal)):
            pass

    def _next_stage(self, deal: Deal) -> str:
        stages = PIPELINES[deal.pipeline]
        place = [stage.name for stage in stages].index(deal.stage)
        is_worse = deal.stage == WORSE_STAGE and deal.day >= self.plot.worse_from
        if self.dice.random() >= (WORSE_ADVANCES if is_worse else stages[place].advances):
            return LOST
        roll = self.dice.random()
        if roll < 0.05 and place > 0:
            return stages[place - 1].name
        step = 2 if roll < 0.12 else 1
        return stages[place + step].name if place + step < len(stages) else WON

    def _move(self, deal: Deal, stage: str) -> bool:
        """Logs one move; False when it would lie after the window."""
        dice = self.dice
        day = self._day_of_move(deal, stage)
        if day > self.window.last:
            return False
        from_stage = deal.stage if dice.random() < 0.95 else ""
        mover, owner, amount = deal.owner, "", 0
        heir = self._heir(deal.owner, day) if dice.random() < 0.97 else dice.choice(self.roster.closers(day))
        if heir != deal.owner:
            deal.owner = owner = heir
        if dice.random() < 0.2:
            deal.amount = amount = deal.amount * dice.randrange(80, 125) // 100
        deal.day, deal.second, deal.stage = day, office_second(dice), stage
        deal.changes.append(Change(stage, day, deal.second, from_stage, mover, owner, amount))
        return True

    def _day_of_move(self, deal: Deal, stage: str) -> date:
        days = self.dice.randrange(3, 24)
        if deal.stage != WORSE_STAGE and self.dice.random() < 0.05:
            days += self.dice.randrange(40, 100)
        day = next_workday(deal.day + timedelta(days=max(1, days * deal.pace // 100)))
        if stage == WON and self.dice.random() < (0.6 if is_quarter_end(day.month) else 0.3):
            return _last_days_of_month(day, self.dice.randrange(4))
        return day

    def _heir(self, owner: str, day: date) -> str:
        """The owner, or who has the deal when the owner has left; the overloaded rep inherits a part of the team's."""
        row = self.roster.on(owner, day)
        if row is not None:
            return owner
        heirs = self.roster.closers(day)
        if self.plot.overloaded in heirs and self.roster.histories[owner][0].team == "Inside Sales":
            return self.plot.overloaded
        return self.dice.choice(heirs)


def _last_days_of_month(day: date, before: int) -> date:
    """A workday in the month's last days, never before `day`."""
    end = month_after(day.replace(day=1)) - timedelta(days=1 + before)
    while not is_workday(end, "US"):
        end -= timedelta(days=1)
    return max(day, end)


def _currency(dice: random.Random, country: str) -> str:
    """Mostly the currency of the owner's country; blank is the company's, and AUD has no exchange rate."""
    roll = dice.random()
    if roll < 0.06:
        return ("AUD", "EUR")[roll < 0.03]
    return {"CA": "CAD", "GB": "GBP"}.get(country, "USD" if roll < 0.85 else "")
