"""`write_demo`: who the people are, what they sell to whom, and what they did, in that order."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from pipelines.demo.activities import ActivityWriter, Progress
from pipelines.demo.company import DEMO_AS_OF, plan_window
from pipelines.demo.contracts import contract_rows
from pipelines.demo.customers import account_rows, changed_account_rows, contact_rows
from pipelines.demo.deal_files import changed_deal_rows, deal_rows, stage_change_rows, stage_rows
from pipelines.demo.files import DemoSummary, FileSummary, write_table
from pipelines.demo.leads import lead_rows
from pipelines.demo.money import forecast_rows, rate_rows, spend_rows
from pipelines.demo.people_files import alias_rows, quota_rows, target_rows
from pipelines.demo.stories import tell_stories
from pipelines.demo.world import Company, found_company, make_dialer, make_world, open_deals, wording_of

DEFAULT_REPS = 24
_EVENTS_A_REP_AND_DAY = 22
"""About; all days counted, weekends too."""


def write_demo(
    folder: Path,
    reps: int | None = None,
    days: int = 180,
    events: int | None = None,
    seed: int = 7,
    as_of: datetime = DEMO_AS_OF,
    progress: Progress | None = None,
    dialer: Path | None = None,
) -> DemoSummary:
    """Writes the company's canonical exports below `folder`: the same bytes for the same arguments.

    `reps` counts the sellers (default 24, or as many as so many events take); managers, a support person and former
    sellers come on top. `events` is the number of distinct activities, by default what these reps do in these days.
    With a folder for the `dialer`, a part of the SDRs' calls goes there instead. Other files are left alone.
    """
    if reps is None:
        reps = max(DEFAULT_REPS, (events or 0) // (_EVENTS_A_REP_AND_DAY * max(days, 1)))
    company = found_company(plan_window(reps, days, events, seed, as_of), reps)
    folder.mkdir(parents=True, exist_ok=True)
    files = _write_people(folder, company) + _write_sales(folder, company)
    wording, world = wording_of(company), make_world(company)
    dialed = None if dialer is None else make_dialer(dialer, company, wording)
    writer = ActivityWriter(folder, company.window, world, open_deals(company), wording, dialed, progress)
    files += writer.write(events or world.days.expected)
    last_dialed = None
    if dialed is not None and dialed.newest_day >= 0:
        last_dialed = company.window.first + timedelta(days=dialed.newest_day)
    stories = tell_stories(company.window, company.roster, company.plot, last_dialed)
    return DemoSummary(tuple(sorted(files, key=lambda file: file.name)), stories)


def _write_people(folder: Path, company: Company) -> list[FileSummary]:
    window, roster = company.window, company.roster
    return [
        write_table(folder, "reps", (row.as_record() for row in roster.rows)),
        write_table(folder, "rep_aliases", alias_rows(roster)),
        write_table(folder, "time_off", company.leave),
        write_table(folder, "activity_targets", target_rows(roster, window)),
        write_table(folder, "quotas", quota_rows(window, roster)),
        write_table(folder, "spend", spend_rows(window, roster)),
        write_table(folder, "forecasts", forecast_rows(window, roster, company.deals)),
        write_table(folder, "exchange_rates", rate_rows(window)),
    ]


def _write_sales(folder: Path, company: Company) -> list[FileSummary]:
    window, deals, accounts = company.window, company.deals, company.accounts
    lead_of = {lead.deal.number: lead.number for lead in company.leads if lead.deal is not None}
    return [
        write_table(folder, "accounts", account_rows(window, accounts)),
        write_table(folder, "accounts", changed_account_rows(window, accounts), "accounts_changes"),
        write_table(folder, "contacts", contact_rows(window, accounts)),
        write_table(folder, "leads", lead_rows(window, company.leads)),
        write_table(folder, "stages", stage_rows()),
        write_table(folder, "opportunities", deal_rows(deals, lead_of)),
        write_table(folder, "opportunities", changed_deal_rows(window, deals, lead_of), "opportunities_changes"),
        write_table(folder, "stage_changes", stage_change_rows(deals)),
        write_table(folder, "contracts", contract_rows(window, deals, company.roster.sellers)),
    ]
