"""Leads: those that became deals, those that did not, and those that nobody ever touched."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import log

from pipelines.demo.company import Window, office_second, seasonal_day, stamp
from pipelines.demo.customers import account_id, contact_id, count_customers, count_prospects
from pipelines.demo.deals import Deal
from pipelines.demo.roster import Roster

Rows = Iterator[dict[str, object]]
LeadOf = Mapping[int, int]
"""A deal's number → the number of the lead that it came from."""
_A_MONTH = 6
"""Leads a seller, those that become deals not counted."""
_NEVER_TOUCHED = 0.13
_ANSWER_MINUTES, _ANSWER_SPREAD = 95, 1.5
"""Median and log spread of the time to the first touch, nights and weekends not counted."""


@dataclass(frozen=True, slots=True)
class Lead:
    """A lead; `deal` is the one that it became. `wait` are minutes to the first touch, None: it is never touched."""

    number: int
    created: date
    second: int
    owner: str
    wait: int | None
    touches: int
    deal: Deal | None = None
    contact: int | None = None


def lead_id(number: int) -> str:
    """The source's id of the numbered lead."""
    return f"LEAD-{number:06d}"


def find_leads(window: Window, roster: Roster, deals: Sequence[Deal]) -> list[Lead]:
    """The window's leads: a converted one for each deal that says so, then the others."""
    dice = window.dice("leads")
    sdrs = [row.rep_id for row in roster.rows if row.role == "sdr"]
    leads: list[Lead] = []
    for deal in deals:
        if deal.has_lead:
            created = max(window.first, deal.created - timedelta(days=dice.randrange(2, 14)))
            owner = _owner(dice, roster, sdrs, created) if dice.random() < 0.6 else deal.owner
            leads.append(_lead(dice, len(leads), created, owner, deal))
    for _ in range(max(3, round(roster.sellers * _A_MONTH * window.days / 30.4))):
        created = min(seasonal_day(dice, window.first, window.last), window.last)
        leads.append(_lead(dice, len(leads), created, _owner(dice, roster, sdrs, created)))
    return _with_contacts(leads, roster)


def _with_contacts(leads: list[Lead], roster: Roster) -> list[Lead]:
    """One in ten of those that became no deal is somebody whom the CRM knows as a contact, and worked as such."""
    first, people = count_customers(roster.sellers) * 3, count_prospects(roster.sellers) * 3
    found = []
    for lead in leads:
        if lead.deal is None and lead.number % 10 == 4:
            contact = first + lead.number * 7 % people
            lead = Lead(lead.number, lead.created, lead.second, lead.owner, lead.wait, lead.touches, None, contact)
        found.append(lead)
    return found


def _lead(dice: random.Random, number: int, created: date, owner: str, deal: Deal | None = None) -> Lead:
    is_ignored = dice.random() < _NEVER_TOUCHED and deal is None
    wait = None if is_ignored else round(dice.lognormvariate(log(_ANSWER_MINUTES), _ANSWER_SPREAD))
    second = office_second(dice) if dice.random() < 0.75 else dice.randrange(7 * 3600, 23 * 3600)
    return Lead(number, created, second, owner, wait, 1 + min(9, int(dice.expovariate(1 / 3.2))), deal)


def _owner(dice: random.Random, roster: Roster, sdrs: Sequence[str], day: date) -> str:
    """An SDR of that day (two thirds), else somebody who closes."""
    for rep_id in dice.sample(sdrs, min(3, len(sdrs))) if dice.random() < 0.67 else ():
        row = roster.on(rep_id, day)
        if row is not None and row.role == "sdr":
            return rep_id
    return dice.choice(roster.closers(day))


def lead_rows(window: Window, leads: Sequence[Lead]) -> Rows:
    """leads.csv."""
    dice = window.dice("lead rows")
    for lead in leads:
        row = _row(dice, lead)
        if lead.deal is not None:
            row |= {
                "status": "converted",
                "converted_at": stamp(lead.deal.created, 9 * 3600),
                "account_id": account_id(lead.deal.account),
                "contact_id": contact_id(lead.deal.contact),
                "opportunity_id": lead.deal.opportunity_id,
                "updated_at": stamp(lead.deal.created, 9 * 3600),
            }
        elif lead.contact is not None:
            row |= {"contact_id": contact_id(lead.contact), "account_id": account_id(lead.contact // 3)}
        yield row


def _row(dice: random.Random, lead: Lead) -> dict[str, object]:
    number = lead.number
    source = dice.choice(("web", "webinar", "referral", "outbound", "trade show"))
    fresh = "new" if lead.wait is None else dice.choice(("working", "working", "qualified", "junk"))
    return {
        "lead_id": lead_id(number),
        "created_at": stamp(lead.created, lead.second),
        "owner_rep_id": lead.owner if number % 50 != 13 else "",
        "source_type": ("marketing", "sales")[source in ("referral", "outbound")] if number % 25 != 7 else "",
        "lead_source": source,
        "status": fresh,
        "is_deleted": "true" if number % 120 == 80 else "",
        "updated_at": stamp(lead.created, min(86_399, lead.second + 1800)),
    }
