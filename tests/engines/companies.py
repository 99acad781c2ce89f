"""Random companies with rows of every entity: any field of a contract holds any of a few values that mean something to a model.

Days lie around the changes of clocks, in two fiscal years, before and after a night; amounts have digits that
a DOUBLE cannot hold. Keys and references are drawn from small pools, so that rows meet.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from models.contracts import CONTRACTS
from models.fields import Kind, Shape

AS_OF = datetime(2026, 3, 20, 15, 30, tzinfo=UTC)
SETTINGS = """
company:
  {{name: Test, timezone: {zone}, fiscal_year_start_month: {month}, week_start: {day}, holidays: {{default_country: {country}}}}}
sources:
  - {{name: crm, kind: canonical, path: inbox/crm, timezone: America/New_York}}
  - {{name: dialer, kind: canonical, path: inbox/dialer, assume_past_meetings_held: false}}
metrics: {{gross_margin: 0.7, counts_as_rep: [ae, sdr], ramp_days: 30, funnel_window_days: 40}}
quality: {{max_quarantined_share: 1.0}}
"""
"""What breaks a rule is rejected on both sides alike."""
ZONES = (
    "America/New_York",
    "Europe/Istanbul",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Africa/Casablanca",
    "Asia/Kolkata",
)
"""With clocks that change by an hour, by half an hour, for a month of fasting, or not at all, east and west of UTC."""

ROWS = {
    "activities": 300, "reps": 14, "accounts": 12, "contacts": 16, "leads": 24, "opportunities": 30, "stage_changes": 90,
    "contracts": 16, "spend": 12, "forecasts": 8, "quotas": 10, "activity_targets": 8, "exchange_rates": 8,
    "rep_aliases": 3, "time_off": 4, "users": 4,
}  # fmt: skip
"""About so many rows of each entity; stages are always the same."""

PIPELINES = ("default", "Partners")
STAGE_ROWS = [
    {"pipeline": pipeline, "stage": stage, "stage_order": order, "outcome": outcome, "kind": kind, "updated_at": "2025-01-01"}
    for pipeline in PIPELINES
    for order, (stage, outcome, kind) in enumerate(
        (("New", "open", ""), ("Offer", "open", "proposal"), ("Late", "open", ""), ("Won", "won", ""), ("Lost", "lost", ""))
    )
]  # fmt: skip
STAGES = ("New", "Offer", "Late", "Won", "Lost", "Elsewhere")
POOLS: Mapping[str, tuple[str, ...]] = {
    "source_record_id": tuple(f"A{number}" for number in range(220)),
    "copy_of_id": ("", "", "", "", "A1", "A2", "A3"),
    "external_id": ("", "", "", "<K1@mail>", "k1@MAIL", "k2"),
    "user_id": ("R1", "R2", "R7", "R9"),
    "account_id": tuple(f"X{number}" for number in range(1, 7)),
    "contact_id": tuple(f"C{number}" for number in range(1, 9)),
    "contact_ids": ("", "", "C1", "C1;C2", "C2;C3;C3", "C5;C9"),
    "lead_id": tuple(f"L{number}" for number in range(1, 17)),
    "opportunity_id": tuple(f"D{number}" for number in range(1, 19)),
    "contract_id": tuple(f"K{number}" for number in range(1, 10)),
    "renewed_by_contract_id": ("", "", "K1", "K2"),
    "disposition": ("", "", "connected", "Busy", "BOUNCED", "VO\u0130CEMA\u0130L", "clic\u212aed", "what?"),
    "subject": ("",),
    "duration_seconds": ("", "0", "30", "90", "91", "1234", "5400"),
    "stage": STAGES,
    "to_stage": STAGES,
    "from_stage": ("", *STAGES),
    "pipeline": ("", *PIPELINES),
    "probability": ("", "0.5"),
    "currency": ("", "USD", "EUR", "TRY"),
    "from_currency": ("EUR", "TRY"),
    "to_currency": ("USD",),
    "rate": ("1.08765432", "0.02871", "1"),
    "metric": ("touches", "calls", "meetings_held", "proposals_sent", "deals_won", "amount_won", "conversations"),
    "target": ("0", "1", "2.5", "33.3333"),
    "source": ("crm", "dialer"),
    "role": ("", "ae", "AE", "sdr", "sales_manager", "M\u00fcd\u00fcr"),
    "team": ("", "North", "South", "north", "\u0130zmir", "\u00dfouth"),
    "email": ("", "one@x.example", "Two@X.example", "tw\u0130@x.example"),
    "country": ("", "US", "TR"),
    "kind": ("", "vacation", "sick"),
    "period_grain": ("month", "quarter", "week", "year"),
    "status": ("", "open", "qualified", "Disqualified"),
}
"""Values of a field by its name, where its kind says too little. Reps are below."""
REPS = ("R1", "R2", "R3", "R4", "R9")
AMOUNTS = ("0", "0.01", "33.3333", "9007.13", "12345.6789", "98765.4321", "1234567.89", "999999999.9999")
SHARE_BLANK = 3
"""One value in so many is blank, where it may be."""
TOLD_DAYS = tuple(
    date.fromisoformat(day) for day in ("2025-11-02", "2026-01-01", "2026-02-01", "2026-03-08", "2026-03-20")
)
TOLD_CLOCKS = (timedelta(0), timedelta(hours=5), timedelta(hours=6, minutes=59, seconds=59, microseconds=999_999))


def random_settings(seed: int) -> str:
    """A company's settings: where it is, and when its weeks and years begin."""
    chance = Random(seed)
    day = chance.choice(("monday", "sunday", "saturday"))
    zone, country = chance.choice(ZONES), chance.choice(("US", "TR", "AU"))
    return SETTINGS.format(zone=zone, month=chance.randrange(1, 13), day=day, country=country)


def random_company(seed: int) -> dict[str, list[dict[str, Any]]]:
    """Rows by entity, those of a second system under `dialed`; the same for the same seed.

    Not from hypothesis' own choices: it gives up on a company of some thousand cells.
    """
    chance = Random(seed)
    company = {entity: [_row(entity, chance) for _ in range(many)] for entity, many in ROWS.items()}
    return {**company, "dialed": [_row("activities", chance) for _ in range(12)], "stages": STAGE_ROWS}


def _row(entity: str, chance: Random) -> dict[str, str]:
    """One row of an entity, every field of its contract."""
    contract = CONTRACTS[entity]
    required, own = contract.required(), POOLS.get(contract.KEY[0], ())
    row = {
        name: "" if name not in required and chance.randrange(SHARE_BLANK) == 0 else _value(name, kind, chance)
        for name, kind in contract.kinds().items()
    }
    if "merged_into_id" in row:
        row["merged_into_id"] = chance.choice(("", "", "", "", "", *own[:2]))
    return row


def _value(name: str, kind: Kind, chance: Random) -> str:
    """A value of a field as a file has it."""
    if name == "is_deleted":
        return "true" if chance.random() < 0.1 else ""
    if kind.words:
        return chance.choice(kind.words if kind.shape is Shape.WORD else ("true", "false"))
    if name.endswith("rep_id"):
        return chance.choice(REPS)
    if name in POOLS:
        return chance.choice(POOLS[name])
    if kind.shape is Shape.INSTANT:
        return _instant(chance)
    if kind.shape in (Shape.DAY, Shape.MONTH):
        day = _period(chance) if name == "period_start" or kind.shape is Shape.MONTH else _day(chance)
        return str(day) if kind.shape is Shape.DAY else str(day)[:7]
    if kind.shape is Shape.NUMBER:
        return chance.choice(AMOUNTS)
    return chance.choice(("North", "South", "\u5317"))


def _instant(chance: Random) -> str:
    """Mostly in the months before the night."""
    day = _day(chance) if chance.random() < 0.4 else AS_OF.date() + timedelta(chance.randrange(-150, 20))
    clock = chance.choice((*TOLD_CLOCKS, *3 * (timedelta(minutes=chance.randrange(24 * 60)),)))
    return (datetime(day.year, day.month, day.day, tzinfo=UTC) + clock).isoformat()


def _day(chance: Random) -> date:
    return chance.choice((*TOLD_DAYS, *15 * (date(2024, 12, 20) + timedelta(chance.randrange(560)),)))


def _period(chance: Random) -> date:
    month = chance.randrange(18)
    return date(2025 + month // 12, month % 12 + 1, 1)
