"""The whole company before anything is written, and its numbers for drawing activities."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from pipelines.demo.agenda import Agenda, plan_entries
from pipelines.demo.batch import MARGIN, World
from pipelines.demo.company import Window
from pipelines.demo.customers import count_customers, count_prospects
from pipelines.demo.days import Ints, plan_rep_days, previous_workdays
from pipelines.demo.deals import Deal, count_accounts, tell_deals
from pipelines.demo.dialer import DialerFiles
from pipelines.demo.leads import Lead, find_leads
from pipelines.demo.people_files import Leave, agent_of, alias_of, dialer_reps, plan_leave
from pipelines.demo.plot import Plot, plan_plot
from pipelines.demo.roster import UNKNOWN_REP, Roster, hire_everyone
from pipelines.demo.text import Wording, make_wording, texts_of


@dataclass(frozen=True)
class Company:
    """Who works there, what they sell, and which stories they play."""

    window: Window
    plot: Plot
    roster: Roster
    leave: list[Leave]
    deals: list[Deal]
    leads: list[Lead]

    @cached_property
    def accounts(self) -> int:
        """How many accounts there are."""
        return count_accounts(self.roster.sellers, self.deals)

    @cached_property
    def people(self) -> dict[str, int]:
        """Each person's number."""
        return {rep_id: number for number, rep_id in enumerate(self.roster.rep_ids)}


def found_company(window: Window, reps: int) -> Company:
    """The company of `reps` sellers."""
    plot = plan_plot(window, reps)
    roster = hire_everyone(window, reps)
    deals = tell_deals(window, roster, plot)
    leads = find_leads(window, roster, deals)
    return Company(window, plot, roster, plan_leave(roster, window, plot), deals, leads)


def make_world(company: Company) -> World:
    """What activities are drawn from."""
    window, roster = company.window, company.roster
    rep_days = plan_rep_days(window, roster, company.leave, company.plot)
    entries = plan_entries(window, roster, company.deals, company.leads)
    bookers = {company.people[row.rep_id] for row in roster.rows if row.role == "sdr" and row.rep_id[0] == "R"}
    return World(
        sellers=roster.sellers,
        people=len(roster.rep_ids),
        bookers=np.array(sorted(bookers), dtype=np.int64),
        customers=count_customers(roster.sellers),
        prospects=count_prospects(1),
        previous_workday=previous_workdays(window, MARGIN, MARGIN),
        days=rep_days,
        agenda=Agenda.of(entries, rep_days, len(roster.rep_ids)),
    )


def wording_of(company: Company) -> Wording:
    """The texts behind the numbers; after the people come an unknown id, none, and two aliases."""
    rep_ids = company.roster.rep_ids
    names = [*rep_ids, UNKNOWN_REP, "", *(alias_of(rep_id) for rep_id in rep_ids[:2])]
    return make_wording(company.window, names, company.accounts, len(company.leads), len(company.deals))


def make_dialer(folder: Path, company: Company, wording: Wording) -> DialerFiles:
    """The dialer of the company's SDRs."""
    window = company.window
    return DialerFiles(
        folder=folder,
        wording=wording,
        agents=texts_of([agent_of(rep_id) for rep_id in company.roster.rep_ids]),
        dialing=np.array([company.people[rep_id] for rep_id in dialer_reps(company.roster)], dtype=np.int64),
        silent_day=(company.plot.silent_from - window.first).days,
        month_of_day=window.month_names(),
    )


def open_deals(company: Company) -> Ints:
    """Number, owner and contact of each open deal that somebody cares for."""
    cared = (deal for deal in company.deals if deal.is_open and not deal.is_neglected)
    rows = [(deal.number, company.people[deal.owner], deal.contact) for deal in cared]
    return np.array(rows, dtype=np.int64).reshape(-1, 3)
