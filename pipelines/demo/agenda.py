"""Whom a day's first activities are with: the touches that leads and deals ask for. All others are prospecting."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple, Self

import numpy as np

from pipelines.demo import behaviour as b
from pipelines.demo.company import Window, is_workday, next_workday
from pipelines.demo.days import BLANK, Ints, RepDays
from pipelines.demo.deals import Deal
from pipelines.demo.leads import Lead
from pipelines.demo.roster import Roster

_OPENS, _CLOSES = 9 * 3600, 17 * 3600
_NEGLECTED_DAYS = 45
"""One open deal in nine is not touched for so long."""


class Entry(NamedTuple):
    """One wanted activity of a person (by number) on a day (of the window). BLANK leaves a thing to chance."""

    day: int
    person: int
    second: int = BLANK
    channel: int = BLANK
    lead: int = BLANK
    contact: int = BLANK
    deal: int = BLANK


@dataclass(frozen=True)
class Agenda:
    """All entries as arrays, ordered by day and person; `starts` and `counts` are by cell of the rep days."""

    entries: Ints
    starts: Ints
    counts: Ints

    @classmethod
    def of(cls, entries: Iterator[Entry], days: RepDays, people: int) -> Self:
        """The entries, looked up by the days on which anybody works at all."""
        flat = np.fromiter((number for entry in entries for number in entry), dtype=np.int64)
        table = flat.reshape(-1, len(Entry._fields))
        keys = table[:, 0] * people + table[:, 1]
        order = np.argsort(keys, kind="stable")
        cells = days.day * people + days.person
        starts = np.searchsorted(keys[order], cells, side="left")
        return cls(table[order].T, starts, np.searchsorted(keys[order], cells, side="right") - starts)

    def find(self, cells: Ints, ranks: Ints) -> Ints:
        """The entry for each activity, the `rank`-th of its cell; BLANK where there is none."""
        return np.where(ranks < self.counts[cells], self.starts[cells] + ranks, BLANK)

    def read(self, name: str, entry: Ints, otherwise: Ints) -> Ints:
        """The field of each entry, `otherwise` where there is no entry or the field is left to chance."""
        if not self.entries.shape[1]:
            return otherwise
        values = self.entries[Entry._fields.index(name)][entry]
        return np.where((entry >= 0) & (values != BLANK), values, otherwise)

    def read_party(self, name: str, entry: Ints, otherwise: Ints) -> Ints:
        """As `read`, but BLANK of an entry is blank: a lead has no contact."""
        if not self.entries.shape[1]:
            return otherwise
        return np.where(entry >= 0, self.entries[Entry._fields.index(name)][entry], otherwise)


def plan_entries(window: Window, roster: Roster, deals: Sequence[Deal], leads: Sequence[Lead]) -> Iterator[Entry]:
    """What leads and deals ask for, within the window."""
    dice = window.dice("agenda")
    people = {rep_id: number for number, rep_id in enumerate(roster.rep_ids)}
    for lead in leads:
        yield from _within(window, _entries_of_lead(window, dice, people, lead))
    for deal in deals:
        if deal.day >= window.first:
            yield from _within(window, _entries_of_deal(window, dice, people, deal))


def _within(window: Window, entries: Iterator[Entry]) -> Iterator[Entry]:
    return (entry for entry in entries if 0 <= entry.day < window.days)


def _entries_of_lead(window: Window, dice: random.Random, people: Mapping[str, int], lead: Lead) -> Iterator[Entry]:
    """A first call or e-mail in office hours, more every few days, and a meeting before it becomes a deal."""
    if lead.wait is None:
        return
    person = people[lead.owner]
    number, contact = (BLANK, lead.contact) if lead.contact is not None else (lead.number, BLANK)
    day, second = _first_touch(lead, lead.wait)
    first_channel = b.CALL if dice.random() < 0.6 else b.EMAIL
    for touch in range(lead.touches):
        when = (second, first_channel) if touch == 0 else (BLANK, BLANK)
        yield Entry((day - window.first).days, person, *when, number, contact)
        day = next_workday(day + timedelta(days=dice.randrange(1, 5)))
        if lead.deal is not None and day >= lead.deal.created:
            break
    if lead.deal is not None:
        met = max(lead.created + timedelta(days=1), lead.deal.created - timedelta(days=dice.randrange(1, 3)))
        yield Entry((next_workday(met) - window.first).days, people[lead.deal.owner], BLANK, b.MEETING, number)


def _first_touch(lead: Lead, wait: int) -> tuple[date, int]:
    """The moment after so many minutes in which the office is open."""
    day, second = lead.created, max(lead.second, _OPENS)
    if second >= _CLOSES or not is_workday(day, "US"):
        day, second = next_workday(day + timedelta(days=1)), _OPENS
    second += 60 * wait
    while second >= _CLOSES:
        day, second = next_workday(day + timedelta(days=1)), second - (_CLOSES - _OPENS)
    return day, second


def _entries_of_deal(window: Window, dice: random.Random, people: Mapping[str, int], deal: Deal) -> Iterator[Entry]:
    """From a few days before its creation to its last day, every few days; every fourth is a meeting."""
    day = deal.created - timedelta(days=dice.randrange(1, 9))
    end = window.last if deal.is_open else deal.day
    if deal.is_open and deal.is_neglected:
        end = window.before_end(_NEGLECTED_DAYS)
    touch = dice.randrange(4)
    while day <= end:
        channel = b.MEETING if touch % 4 == 3 and day >= deal.created else BLANK
        yield Entry((day - window.first).days, people[deal.owner], BLANK, channel, BLANK, deal.contact, deal.number)
        day, touch = next_workday(day + timedelta(days=dice.randrange(3, 11))), touch + 1
