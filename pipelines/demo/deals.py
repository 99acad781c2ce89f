"""Deals and how they moved: skipped stages, moves backward, reopened deals, and those that still stand open."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from pipelines.demo.company import Window, is_workday, office_second, stamp
from pipelines.demo.customers import account_id, contact_id
from pipelines.demo.roster import Roster

Rows = Iterator[dict[str, object]]
PIPELINES: dict[str, tuple[tuple[str, float, str], ...]] = {
    "default": (
        ("Prospecting", 0.05, ""),
        ("Qualified", 0.15, "qualification"),
        ("Demo", 0.35, "demo"),
        ("Proposal", 0.55, "proposal"),
        ("Negotiation", 0.75, "negotiation"),
    ),
    "Expansion": (("Identified", 0.3, ""), ("Proposal Sent", 0.6, "proposal"), ("Verbal", 0.9, "")),
}
WON, LOST = "Closed Won", "Closed Lost"
CURRENCIES = ("USD", "USD", "USD", "USD", "", "CAD", "GBP", "AUD")
"""AUD has no exchange rate; blank is the company's."""


@dataclass
class Deal:
    """A deal while its history is being told."""

    number: int
    account: int
    owner: str
    pipeline: str
    created: date
    second: int
    pace: int
    amount: int
    currency: str
    changes: list[dict[str, object]] = field(default_factory=list)
    stage: str = ""
    day: date = date.min

    @property
    def opportunity_id(self) -> str:
        """The source's id."""
        return f"OPP-{self.number:06d}"

    @property
    def has_lead(self) -> bool:
        """Whether a lead came before it."""
        return self.number % 3 != 0

    @property
    def contact(self) -> int:
        """The number of its contact."""
        return self.account * 3 + self.number % 3


def stage_rows() -> Rows:
    """stages.csv."""
    for pipeline, stages in PIPELINES.items():
        for order, (stage, probability, kind) in enumerate(stages):
            row = {"pipeline": pipeline, "stage": stage, "stage_order": order, "outcome": "open"}
            yield {**row, "probability": probability, "kind": kind}
        for order, (stage, outcome, chance) in enumerate(((WON, "won", 1), (LOST, "lost", 0)), start=len(stages)):
            row = {"pipeline": pipeline, "stage": stage, "stage_order": order, "outcome": outcome}
            yield {**row, "probability": chance}


def tell_deals(window: Window, roster: Roster, accounts: int, count: int) -> list[Deal]:
    """`count` deals of the window and of the quarter before it, each with its moves up to the window's end."""
    dice = window.dice("deals")
    sellers = roster.rep_ids[: roster.sellers]
    first_rows = {rep_id: roster.of(rep_id)[0] for rep_id in sellers}
    closers = [rep_id for rep_id in sellers if first_rows[rep_id].role != "sdr"]
    deals = []
    for number in range(count):
        account = dice.randrange(accounts)
        owner = sellers[account % len(sellers)]
        owner = owner if owner in closers else dice.choice(closers)
        pace = {"outside": 134, "hybrid": 115}.get(first_rows[owner].rep_type, 100)
        deals.append(_tell_deal(window, dice, number, account, owner, pace, closers))
    return deals


def _tell_deal(
    window: Window, dice: random.Random, number: int, account: int, owner: str, pace: int, closers: Sequence[str]
) -> Deal:
    created = _on_workday(window.first + timedelta(days=dice.randrange(-90, window.days)))
    pipeline = "Expansion" if dice.random() < 0.2 else "default"
    amount = dice.choice((4, 6, 9, 12, 18, 25, 40)) * dice.randrange(800, 1300) * pace // 100
    deal = Deal(number, account, owner, pipeline, created, 9 * 3600, pace, amount, dice.choice(CURRENCIES))
    deal.day, deal.stage = created, PIPELINES[pipeline][0][0]
    if dice.random() < 0.6:
        deal.changes.append({"to_stage": deal.stage, "changed_at": stamp(created, deal.second)})
    _move_until(window, dice, deal, closers)
    if deal.stage == LOST and dice.random() < 0.12:
        _move(window, dice, deal, PIPELINES[pipeline][-1][0], closers)
        _move_until(window, dice, deal, closers)
    return deal


def _move_until(window: Window, dice: random.Random, deal: Deal, closers: Sequence[str]) -> None:
    """Moves the deal until it is closed or the window ends."""
    while deal.stage not in (WON, LOST) and _move(window, dice, deal, _next_stage(dice, deal), closers):
        pass


def _next_stage(dice: random.Random, deal: Deal) -> str:
    stages = [name for name, _, _ in PIPELINES[deal.pipeline]]
    place, roll = stages.index(deal.stage), dice.random()
    if roll < 0.15:
        return LOST
    if roll < 0.21 and place > 0:
        return stages[place - 1]
    step = 2 if roll < 0.29 else 1
    return stages[place + step] if place + step < len(stages) else WON


def _move(window: Window, dice: random.Random, deal: Deal, stage: str, closers: Sequence[str]) -> bool:
    """Logs one move; False when it would lie after the window."""
    day = _on_workday(deal.day + timedelta(days=max(1, dice.randrange(2, 24) * deal.pace // 100)))
    if day > window.last:
        return False
    second = office_second(dice)
    change: dict[str, object] = {"to_stage": stage, "changed_at": stamp(day, second), "changed_by_rep_id": deal.owner}
    change["from_stage"] = deal.stage if dice.random() < 0.95 else ""
    if dice.random() < 0.04:
        deal.owner = change["owner_rep_id"] = dice.choice(closers)
    if dice.random() < 0.2:
        deal.amount = change["amount"] = deal.amount * dice.randrange(80, 125) // 100
    deal.changes.append(change)
    deal.day, deal.second, deal.stage = day, second, stage
    return True


def _on_workday(day: date) -> date:
    while not is_workday(day, "US"):
        day += timedelta(days=1)
    return day


def deal_rows(deals: Sequence[Deal]) -> Rows:
    """opportunities.csv."""
    for deal in deals:
        closed = deal.stage in (WON, LOST)
        yield {
            "opportunity_id": deal.opportunity_id,
            "stage": deal.stage,
            "owner_rep_id": deal.owner if deal.number % 140 != 75 else "",
            "created_at": stamp(deal.created, 9 * 3600) if deal.number % 90 != 31 else "",
            "amount": f"{deal.amount}.00" if deal.number % 33 != 20 else "",
            "currency": deal.currency,
            "pipeline": "" if deal.pipeline == "default" and deal.number % 10 == 0 else deal.pipeline,
            "deal_type": "expansion" if deal.pipeline == "Expansion" else ("renewal", "new")[deal.number % 9 > 0],
            "account_id": account_id(deal.account),
            "contact_id": contact_id(deal.contact),
            "lead_id": lead_id(deal.number) if deal.has_lead and deal.number % 2 else "",
            "source_type": ("", "marketing", "sales", "sales")[deal.number % 4],
            "expected_close_date": deal.created + timedelta(days=deal.pace),
            "closed_at": stamp(deal.day, deal.second) if closed and deal.number % 20 != 9 else "",
            "is_won": str(deal.stage == WON).lower() if closed and deal.number % 15 else "",
            "merged_into_id": f"OPP-{deal.number - 1:06d}" if deal.number % 110 == 66 else "",
            "is_deleted": "true" if deal.number % 130 == 48 else "",
            "updated_at": stamp(deal.day, 20 * 3600),
        }


def changed_deal_rows(window: Window, deals: Sequence[Deal]) -> Rows:
    """opportunities_changes.csv: open deals of one in twenty, with a new amount and a newer time."""
    for row in deal_rows([deal for deal in deals if deal.number % 20 == 3 and deal.stage not in (WON, LOST)]):
        amount = f"{deals[int(str(row['opportunity_id'])[4:])].amount + 1500}.50"
        yield {**row, "amount": amount, "updated_at": stamp(window.last, 21 * 3600)}


def stage_change_rows(deals: Sequence[Deal]) -> Rows:
    """stage_changes.csv."""
    for deal in deals:
        for change in deal.changes:
            yield {"opportunity_id": deal.opportunity_id, **change, "updated_at": change["changed_at"]}


def lead_id(number: int) -> str:
    """The source's id of the numbered lead; a lead that became a deal has the deal's number."""
    return f"LEAD-{number:06d}"


def lead_rows(window: Window, roster: Roster, deals: Sequence[Deal], accounts: int, count: int) -> Rows:
    """leads.csv: those that became deals, then `count` that did not."""
    dice = window.dice("leads")
    sellers = roster.rep_ids[: roster.sellers]
    for deal in deals:
        if deal.has_lead:
            created = deal.created - timedelta(days=dice.randrange(1, 21))
            yield {
                **_lead(dice, deal.number, created, sellers[deal.account % len(sellers)]),
                "status": "converted",
                "converted_at": stamp(deal.created, 9 * 3600),
                "account_id": account_id(deal.account),
                "contact_id": contact_id(deal.contact),
                "opportunity_id": deal.opportunity_id,
                "updated_at": stamp(deal.created, 9 * 3600),
            }
    for number in range(len(deals), len(deals) + count):
        created = window.first + timedelta(days=dice.randrange(window.days))
        contact = number * 7 % (accounts * 3)
        lead = _lead(dice, number, created, sellers[contact // 3 % len(sellers)])
        yield {**lead, "contact_id": contact_id(contact)}


def _lead(dice: random.Random, number: int, created: date, owner: str) -> dict[str, object]:
    source = dice.choice(("web", "webinar", "referral", "outbound", "trade show"))
    second = office_second(dice)
    return {
        "lead_id": lead_id(number),
        "created_at": stamp(created, second),
        "owner_rep_id": owner if number % 50 != 13 else "",
        "source_type": ("marketing", "sales")[source in ("referral", "outbound")] if number % 25 != 7 else "",
        "lead_source": source,
        "status": dice.choice(("new", "working", "working", "qualified", "junk")),
        "is_deleted": "true" if number % 120 == 80 else "",
        "updated_at": stamp(created, second + 1800),
    }
