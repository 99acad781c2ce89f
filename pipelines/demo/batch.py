"""Drawing activities: many at once, as numbers in arrays. text.py turns them into cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Self

import numpy as np
import numpy.typing as npt

from pipelines.demo import behaviour as b
from pipelines.demo.agenda import Agenda
from pipelines.demo.days import BLANK, Floats, Ints, RepDays

MARGIN = 40
"""Days before and after the window that a time may lie on."""


@dataclass(frozen=True)
class Batch:
    """Activities. Days count from the window's first, seconds from local midnight; BLANK is an empty cell."""

    number: Ints
    channel: Ints
    day: Ints
    second: Ints
    person: Ints
    booker: Ints
    is_dated: Ints
    is_bulk: Ints
    direction: Ints
    status: Ints
    disposition: Ints
    mode: Ints
    duration: Ints
    ended: Ints
    account: Ints
    contact: Ints
    guests: Ints
    lead: Ints
    deal: Ints
    subject: Ints
    deleted: Ints
    created_day: Ints
    created_second: Ints
    updated_day: Ints
    updated_second: Ints

    def __len__(self) -> int:
        return len(self.number)

    def take(self, rows: npt.NDArray[np.int64] | npt.NDArray[np.bool_] | slice) -> Self:
        """Some of the rows."""
        return replace(self, **{item.name: getattr(self, item.name)[rows] for item in fields(self)})


@dataclass(frozen=True)
class World:
    """Whom activities are done by and with, by number; `customers` are followed by `prospects` for each seller."""

    sellers: int
    people: int
    bookers: Ints
    customers: int
    prospects: int
    previous_workday: Ints
    days: RepDays
    agenda: Agenda


def draw(
    world: World, cells: Ints, ranks: Ints, first_number: int, dice: np.random.Generator, only: int | None = None
) -> Batch:
    """One activity for each index into the rep days; the first of a cell are those that its agenda asks for.

    Of any channel, or of one `only`.
    """
    size = len(cells)
    profile, day = world.days.profile[cells], world.days.day[cells]
    entry = world.agenda.find(cells, ranks)
    channel = _pick(_cumulative([b.PROFILES[name].per_day for name in b.PROFILE_NAMES])[profile], dice.random(size))
    asked = world.agenda.read("channel", entry, np.full(size, BLANK if only is None else only))
    channel = np.where(asked != BLANK, asked, channel)
    direction = _directions(channel, profile, entry, asked, dice)
    second = world.agenda.read("second", entry, _clock(channel, dice))
    disposition = _dispositions(channel, direction, dice)
    length = _lengths(channel, disposition, profile == b.PROFILE_NAMES.index("outside"), dice)
    by_end = (length > 0) & (dice.random(size) < np.where(channel == b.MEETING, 0.5, 0.08))
    contact = world.agenda.read_party(
        "contact", entry, _contacts(world, world.days.person[cells], channel, profile, dice)
    )
    created_day, created_second = _created(world, channel, day, second, dice)
    nothing = np.full(size, BLANK)
    return Batch(
        number=first_number + np.arange(size),
        channel=channel,
        day=day,
        second=second,
        person=_names(world, world.days.person[cells], channel, dice),
        booker=_bookers(world, channel, profile, dice),
        is_dated=((channel == b.TASK) | ((channel == b.SOCIAL) & (dice.random(size) < 0.03))).astype(np.int64),
        is_bulk=((channel == b.EMAIL) & (dice.random(size) < 0.06)).astype(np.int64),
        direction=direction,
        status=_pick(_cumulative(b.STATUS_SHARES)[channel], dice.random(size)),
        disposition=disposition,
        mode=_modes(channel, profile, dice),
        duration=np.where(by_end, BLANK, length),
        ended=np.where(by_end, second + length, BLANK),
        account=np.where(contact >= 0, contact // 3, BLANK),
        contact=contact,
        guests=np.where((channel == b.MEETING) & (contact >= 0), (dice.random(size) * 4).astype(np.int64), 0),
        lead=world.agenda.read_party("lead", entry, nothing),
        deal=world.agenda.read_party("deal", entry, nothing),
        subject=(dice.random(size) * 16).astype(np.int64),
        deleted=np.zeros(size, dtype=np.int64),
        created_day=created_day,
        created_second=created_second,
        updated_day=np.maximum(day, created_day),
        updated_second=np.minimum(86_399, np.maximum(second, created_second) + 60 + _whole(dice, size, 2400)),
    )


def _pick(cumulative: Floats, roll: Floats) -> Ints:
    """The column in which each row's roll falls."""
    passed = roll[:, None] >= cumulative[:, :-1]
    return np.asarray(passed.sum(axis=1), dtype=np.int64)


def _cumulative(shares: Sequence[Sequence[float]]) -> Floats:
    sums = np.cumsum(np.array(shares), axis=1)
    return np.asarray(sums / sums[:, -1:])


def _whole(dice: np.random.Generator, size: int, below: int) -> Ints:
    return (dice.random(size) * below).astype(np.int64)


def _clock(channel: Ints, dice: np.random.Generator) -> Ints:
    """Two humps around lunch; one in thirty early or late; meetings start on the quarter hour."""
    size = len(channel)
    morning = 9 * 3600 + (dice.random(size) + dice.random(size)) * 1.6 * 3600
    afternoon = 13 * 3600 + (dice.random(size) + dice.random(size)) * 2.2 * 3600
    early_or_late = np.where(dice.random(size) < 0.4, 7 * 3600, int(17.5 * 3600)) + dice.random(size) * 2 * 3600
    second = np.where(dice.random(size) < 0.52, morning, afternoon)
    second = np.where(dice.random(size) < 0.03, early_or_late, second).astype(np.int64)
    return np.where(channel == b.MEETING, second // 900 * 900, second)


def _dispositions(channel: Ints, direction: Ints, dice: np.random.Generator) -> Ints:
    roll = dice.random(len(channel))
    call = np.searchsorted(_cumulative([b.CALL_ENDS])[0][:-1], roll, side="right")
    call = np.where((direction == b.INBOUND) | (direction == b.INTERNAL), b.CONNECTED, call)
    email = np.searchsorted(_cumulative([b.EMAIL_ENDS])[0][:-1], roll, side="right")
    email = np.where((direction == b.OUTBOUND) & (email > 0), email + b.DISPOSITIONS.index("sent") - 1, 0)
    return np.where(channel == b.CALL, call, np.where(channel == b.EMAIL, email, 0))


def _lengths(channel: Ints, disposition: Ints, is_outside: npt.NDArray[np.bool_], dice: np.random.Generator) -> Ints:
    roll = dice.random(len(channel))
    call = np.where(
        disposition == b.CONNECTED, 45 + roll * roll * 1100, np.where(disposition == 0, roll * 240, roll * 35)
    )
    meeting = np.array([1800, 1800, 2700, 3600, 3600, 5400])[(roll * 6).astype(np.int64)] + 1800 * is_outside
    return np.where(channel == b.CALL, call, np.where(channel == b.MEETING, meeting, BLANK)).astype(np.int64)


def _modes(channel: Ints, profile: Ints, dice: np.random.Generator) -> Ints:
    modes = _cumulative([b.PROFILES[name].modes for name in b.PROFILE_NAMES])
    return np.where(channel == b.MEETING, _pick(modes[profile], dice.random(len(channel))), 0)


def _directions(channel: Ints, profile: Ints, entry: Ints, asked: Ints, dice: np.random.Generator) -> Ints:
    """What an agenda asks for by channel goes out, and nothing that it asks for stays in the house."""
    direction = _pick(_cumulative(b.DIRECTION_SHARES)[channel], dice.random(len(channel)))
    internal = np.array([b.PROFILES[name].internal_meetings for name in b.PROFILE_NAMES])[profile]
    is_internal = (channel == b.MEETING) & (dice.random(len(channel)) < internal)
    direction = np.where(is_internal, b.INTERNAL, direction)
    return np.where((asked != BLANK) | ((entry != BLANK) & (direction == b.INTERNAL)), b.OUTBOUND, direction)


def _contacts(world: World, person: Ints, channel: Ints, profile: Ints, dice: np.random.Generator) -> Ints:
    """One of the seller's prospects, of some more often than of others; of customers for those who look after them."""
    size = len(person)
    skewed = dice.random(size) * dice.random(size)
    prospect = person % world.sellers + world.sellers * (skewed * world.prospects).astype(np.int64)
    kept = world.customers * 2 // 5
    customer = kept + _whole(dice, size, world.customers - kept)
    account = np.where(profile == b.PROFILE_NAMES.index("csm"), customer, world.customers + prospect)
    contact = account * 3 + _whole(dice, size, 3)
    return np.where((channel >= b.TASK) & (dice.random(size) < 0.5), BLANK, contact)


def _names(world: World, person: Ints, channel: Ints, dice: np.random.Generator) -> Ints:
    """Whose id the row carries: some have an alias, an unknown id or none."""
    roll = dice.random(len(person))
    has_alias = (person < min(2, world.sellers)) & (channel == b.CALL) & (roll < 0.25)
    named = np.where(has_alias, world.people + 2 + person, person)
    named = np.where(roll > 0.996, world.people, named)
    return np.where(roll > 0.998, world.people + 1, named)


def _bookers(world: World, channel: Ints, profile: Ints, dice: np.random.Generator) -> Ints:
    """An SDR has booked half of the meetings of those who close."""
    size = len(channel)
    closers = [b.PROFILE_NAMES.index(name) for name in ("inside", "outside", "hybrid")]
    if not len(world.bookers):
        return np.full(size, BLANK)
    booker = world.bookers[_whole(dice, size, len(world.bookers))]
    return np.where((channel == b.MEETING) & np.isin(profile, closers) & (dice.random(size) < 0.5), booker, BLANK)


def _created(world: World, channel: Ints, day: Ints, second: Ints, dice: np.random.Generator) -> tuple[Ints, Ints]:
    """Meetings are booked a day to two weeks ahead; all else is logged within minutes."""
    size = len(channel)
    booked = world.previous_workday[day - 1 - _whole(dice, size, 14) + MARGIN]
    logged = np.minimum(86_399, second + _whole(dice, size, 300))
    at = 9 * 3600 + _whole(dice, size, 8 * 3600)
    is_meeting = channel == b.MEETING
    return np.where(is_meeting, booked, day), np.where(is_meeting, at, logged)
