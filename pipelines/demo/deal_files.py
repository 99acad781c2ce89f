"""The files about deals: stages, opportunities and their later versions, stage changes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from pipelines.demo.company import Window, stamp
from pipelines.demo.customers import account_id, contact_id
from pipelines.demo.deals import LOST, PIPELINES, WON, Deal, opportunity_id
from pipelines.demo.leads import LeadOf, lead_id

Rows = Iterator[dict[str, object]]


def stage_rows() -> Rows:
    """stages.csv."""
    for pipeline, stages in PIPELINES.items():
        for order, stage in enumerate(stages):
            row = {"pipeline": pipeline, "stage": stage.name, "stage_order": order, "outcome": "open"}
            yield {**row, "probability": stage.probability, "kind": stage.kind}
        for order, (name, outcome, chance) in enumerate(((WON, "won", 1), (LOST, "lost", 0)), start=len(stages)):
            row = {"pipeline": pipeline, "stage": name, "stage_order": order, "outcome": outcome}
            yield {**row, "probability": chance}


def deal_rows(deals: Sequence[Deal], lead_of: LeadOf) -> Rows:
    """opportunities.csv."""
    for deal in deals:
        number, closed = deal.number, not deal.is_open
        lead = lead_of.get(number)
        yield {
            "opportunity_id": deal.opportunity_id,
            "stage": deal.stage,
            "owner_rep_id": deal.owner if number % 140 != 75 else "",
            "created_at": stamp(deal.created, 9 * 3600) if number % 90 != 31 else "",
            "amount": f"{deal.amount}.00" if number % 33 != 20 else "",
            "currency": deal.currency,
            "pipeline": "" if deal.pipeline == "default" and number % 10 == 0 else deal.pipeline,
            "deal_type": deal.deal_type,
            "account_id": account_id(deal.account),
            "contact_id": contact_id(deal.contact),
            "lead_id": lead_id(lead) if lead is not None and number % 2 else "",
            "source_type": ("", "marketing", "sales", "sales")[number % 4],
            "expected_close_date": deal.created + timedelta(days=deal.pace),
            "closed_at": stamp(deal.day, deal.second) if closed and number % 20 != 9 else "",
            "is_won": str(deal.stage == WON).lower() if closed and number % 15 else "",
            "merged_into_id": opportunity_id(number - 1) if number % 110 == 66 else "",
            "is_deleted": "true" if number % 130 == 48 else "",
            "updated_at": stamp(deal.day, 20 * 3600),
        }


def changed_deal_rows(window: Window, deals: Sequence[Deal], lead_of: LeadOf) -> Rows:
    """opportunities_changes.csv: open deals of one in ten, with a new amount and a newer time."""
    changed = [deal for deal in deals if deal.number % 10 == 3 and deal.is_open]
    for deal, row in zip(changed, deal_rows(changed, lead_of), strict=True):
        yield {**row, "amount": f"{deal.amount + 1500}.50", "updated_at": stamp(window.last, 21 * 3600)}


def stage_change_rows(deals: Sequence[Deal]) -> Rows:
    """stage_changes.csv."""
    for deal in deals:
        for change in deal.changes:
            at = stamp(change.day, change.second)
            yield {
                "opportunity_id": deal.opportunity_id,
                "to_stage": change.to_stage,
                "changed_at": at,
                "from_stage": change.from_stage,
                "changed_by_rep_id": change.changed_by,
                "owner_rep_id": change.owner,
                "amount": change.amount or "",
                "updated_at": at,
            }
