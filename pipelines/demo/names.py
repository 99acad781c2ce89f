"""Names, addresses and subjects that belong to nobody: reserved domains and 555 numbers only."""

from __future__ import annotations

import random

_NAMES = {
    "first": "Amara Ben Chloe Dana Elif Farid Grace Hugo Ines Jonas Keiko Liam Maya Nils Olga Priya Quinn Rosa Sam",
    "last": "Abbott Baker Castillo Dogan Eriksen Fischer Gupta Hansen Ito Jensen Kaya Larsen Moreau Novak Okafor Reyes",
    "place": "Alder Birch Cedar Delta Eagle Fern Granite Harbor Iron Juniper Kestrel Lakeside Maple Northern Orchard",
    "trade": "Freight Dental Robotics Foods Textiles Energy Labs Paper Marine Optics Tools Media Farms Clinics Steel",
}
_FIRST, _LAST, _PLACE, _TRADE = (words.split() for words in _NAMES.values())
INDUSTRIES = ("manufacturing", "healthcare", "logistics", "retail", "software", "education")

SUBJECTS = (
    "Intro call",
    "Follow-up",
    "Pricing question",
    '"Next steps, timeline and owners"',
    "Quarterly review",
    "Product demo",
    "Contract redlines",
    '"Re: ""pilot"" scope"',
    "Call back 202-555-0142",
    "Intro to dana.reyes@example.org",
    "Démonstration à Montréal",
    "Rendez-vous mit Zürich",
    "=HYPERLINK(1)",
    '"Notes\nsecond line"',
    "Renewal check-in",
    "",
)
"""Subject lines as CSV cells, already quoted where they need it."""


def person_name(dice: random.Random) -> str:
    """A first and a last name."""
    return f"{dice.choice(_FIRST)} {dice.choice(_LAST)}"


def company_name(number: int) -> str:
    """The name of the numbered account; distinct for the first 225, then numbered."""
    name = f"{_PLACE[number % 15]} {_TRADE[number // 15 % 15]}"
    return name if number < 225 else f"{name} {number // 225 + 1}"


def contact_email(name: str, number: int) -> str:
    """An address below a reserved domain."""
    local = name.lower().replace(" ", ".")
    return f"{local}{number}@example.{('net', 'org')[number % 2]}"


def phone(number: int) -> str:
    """A number of the block kept for fiction."""
    return f"+1-{201 + number // 100 % 700}-555-01{number % 100:02d}"
