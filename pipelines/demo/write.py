"""`write_demo`: who the people are, what they sell to whom, and what they did, in that order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import numpy as np

from pipelines.demo.activities import ActivityWriter, Progress
from pipelines.demo.batch import BLANK, MARGIN, World
from pipelines.demo.company import DEMO_AS_OF, Window, plan_window
from pipelines.demo.customers import account_rows, changed_account_rows, contact_rows, count_accounts
from pipelines.demo.days import plan_rep_days, previous_workdays
from pipelines.demo.deals import (
    Deal,
    changed_deal_rows,
    deal_rows,
    lead_rows,
    stage_change_rows,
    stage_rows,
    tell_deals,
)
from pipelines.demo.files import DemoSummary, FileSummary, write_table
from pipelines.demo.money import contract_rows, forecast_rows, quota_rows, rate_rows, spend_rows
from pipelines.demo.roster import Roster, alias_of, alias_rows, hire_everyone, plan_leave, target_rows
from pipelines.demo.text import make_wording

UNKNOWN_REP = "R999"
"""On a few activities, and in no roster."""


def write_demo(
    folder: Path,
    reps: int = 24,
    days: int = 180,
    events: int | None = None,
    seed: int = 7,
    as_of: datetime = DEMO_AS_OF,
    progress: Progress | None = None,
) -> DemoSummary:
    """Writes the company's canonical exports below `folder`: the same bytes for the same arguments.

    `reps` counts the sellers; managers and a support person come on top. `events` is the number of distinct
    activities, by default what these reps do in these days. Other files in the folder are left alone.
    """
    window = plan_window(reps, days, events, seed, as_of)
    folder.mkdir(parents=True, exist_ok=True)
    roster = hire_everyone(window, reps)
    leave = plan_leave(roster, window)
    rep_days = plan_rep_days(window, roster, leave)
    total = events or max(1, round(float(np.cumsum(rep_days.load)[-1])))
    accounts = count_accounts(reps, total)
    deals = tell_deals(window, roster, accounts, max(3, total // 150))
    fresh_leads = max(3, total // 100)
    files = _write_people(folder, window, roster, leave)
    files += _write_customers(folder, window, accounts)
    files += _write_sales(folder, window, roster, deals, accounts, fresh_leads)
    names = [*roster.rep_ids, UNKNOWN_REP, "", *(alias_of(rep_id) for rep_id in roster.rep_ids[:2])]
    wording = make_wording(window, names, accounts, len(deals) + fresh_leads, len(deals))
    world = _make_world(window, roster, deals, accounts, fresh_leads)
    files += ActivityWriter(folder, window, world, rep_days, wording, progress).write(total)
    return DemoSummary(tuple(sorted(files, key=lambda file: file.name)))


def _write_people(folder: Path, window: Window, roster: Roster, leave: list[dict[str, object]]) -> list[FileSummary]:
    return [
        write_table(folder, "reps", (row.as_record() for row in roster.rows)),
        write_table(folder, "rep_aliases", alias_rows(roster)),
        write_table(folder, "time_off", leave),
        write_table(folder, "activity_targets", target_rows(roster, window)),
        write_table(folder, "quotas", quota_rows(window, roster)),
    ]


def _write_customers(folder: Path, window: Window, accounts: int) -> list[FileSummary]:
    return [
        write_table(folder, "accounts", account_rows(window, accounts)),
        write_table(folder, "accounts", changed_account_rows(window, accounts), "accounts_changes"),
        write_table(folder, "contacts", contact_rows(window, accounts)),
    ]


def _write_sales(
    folder: Path, window: Window, roster: Roster, deals: Sequence[Deal], accounts: int, fresh_leads: int
) -> list[FileSummary]:
    return [
        write_table(folder, "stages", stage_rows()),
        write_table(folder, "leads", lead_rows(window, roster, deals, accounts, fresh_leads)),
        write_table(folder, "opportunities", deal_rows(deals)),
        write_table(folder, "opportunities", changed_deal_rows(window, deals), "opportunities_changes"),
        write_table(folder, "stage_changes", stage_change_rows(deals)),
        write_table(folder, "contracts", contract_rows(window, deals, accounts)),
        write_table(folder, "spend", spend_rows(window, roster)),
        write_table(folder, "forecasts", forecast_rows(window, roster)),
        write_table(folder, "exchange_rates", rate_rows(window)),
    ]


def _make_world(window: Window, roster: Roster, deals: Sequence[Deal], accounts: int, fresh_leads: int) -> World:
    people = roster.rep_ids
    bookers = [people.index(row.rep_id) for row in roster.rows if row.role == "sdr"]
    account_deal = np.full(accounts, BLANK)
    contact_lead = np.full(accounts * 3, BLANK)
    for deal in deals:
        account_deal[deal.account] = deal.number
        if deal.has_lead:
            contact_lead[deal.contact] = deal.number
    for number in range(len(deals), len(deals) + fresh_leads):
        contact_lead[number * 7 % (accounts * 3)] = number
    return World(
        sellers=roster.sellers,
        people=len(people),
        bookers=np.array(sorted(set(bookers)), dtype=np.int64),
        accounts=accounts,
        account_deal=account_deal,
        contact_lead=contact_lead,
        previous_workday=previous_workdays(window, MARGIN, MARGIN),
    )
