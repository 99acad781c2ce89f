"""Activities as CSV cells: codes become words, days and seconds become ISO times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import Enum

import numpy as np
import numpy.typing as npt
import polars as pl

from pipelines.demo import behaviour as b
from pipelines.demo.batch import MARGIN, Batch
from pipelines.demo.company import ZONE, Window
from pipelines.demo.customers import account_id, contact_id
from pipelines.demo.days import BLANK, Ints
from pipelines.demo.deals import opportunity_id
from pipelines.demo.leads import lead_id
from pipelines.demo.names import SUBJECTS


class TimeStyle(Enum):
    """How a file writes times."""

    OFFSET = "2026-01-05T09:30:00-05:00"
    LOCAL = "2026-01-05 09:30:00"
    UTC = "2026-01-05T14:30:00Z"


@dataclass(frozen=True)
class Wording:
    """The texts behind a batch's numbers. Every table's last entry is blank, so that BLANK (-1) finds it."""

    reps: pl.Series
    accounts: pl.Series
    contacts: pl.Series
    leads: pl.Series
    deals: pl.Series
    days: pl.Series
    days_t: pl.Series
    days_spaced: pl.Series
    offsets: pl.Series
    offset_seconds: Ints
    clocks: pl.Series
    clocks_z: pl.Series

    def instants(self, day: Ints, second: Ints, style: TimeStyle) -> pl.Series:
        """ISO texts of local days and seconds; blank where the second is BLANK."""
        index = np.where(second == BLANK, BLANK, day + MARGIN)
        if style is TimeStyle.LOCAL:
            return look_up(self.days_spaced, index) + look_up(self.clocks, second)
        if style is TimeStyle.OFFSET:
            return look_up(self.days_t, index) + look_up(self.clocks, second) + look_up(self.offsets, index)
        moment = index * 86_400 + second - self.offset_seconds[index]
        days, clocks = (np.where(index == BLANK, BLANK, part) for part in (moment // 86_400, moment % 86_400))
        return look_up(self.days_t, days) + look_up(self.clocks_z, clocks)


def make_wording(window: Window, reps: Sequence[str], accounts: int, leads: int, deals: int) -> Wording:
    """The texts of a company of that size."""
    days = [window.first + timedelta(days=number) for number in range(-MARGIN, window.days + MARGIN)]
    clocks = [f"{s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}" for s in range(86_400)]
    noons = [datetime.combine(day, time(12), ZONE) for day in days]
    return Wording(
        reps=texts_of(reps),
        accounts=texts_of([account_id(number) for number in range(accounts)]),
        contacts=texts_of([contact_id(number) for number in range(accounts * 3)]),
        leads=texts_of([lead_id(number) for number in range(leads)]),
        deals=texts_of([opportunity_id(number) for number in range(deals)]),
        days=texts_of([day.isoformat() for day in days]),
        days_t=texts_of([f"{day.isoformat()}T" for day in days]),
        days_spaced=texts_of([f"{day.isoformat()} " for day in days]),
        offsets=texts_of([noon.isoformat()[-6:] for noon in noons]),
        offset_seconds=np.array([int((noon.utcoffset() or timedelta()).total_seconds()) for noon in noons]),
        clocks=texts_of(clocks),
        clocks_z=texts_of([f"{clock}Z" for clock in clocks]),
    )


def texts_of(words: Sequence[str]) -> pl.Series:
    """A table of texts that ends with a blank."""
    return pl.Series([*words, ""], dtype=pl.String)


def look_up(texts: pl.Series, numbers: Ints) -> pl.Series:
    """The text of each number; -1 is the last, as everywhere."""
    return texts[numbers]


def to_cells(batch: Batch, wording: Wording, style: TimeStyle) -> pl.DataFrame:
    """The columns of activities.csv, in its order, as CSV cells."""
    is_dated = batch.is_dated == 1
    occurred = wording.instants(batch.day, batch.second, style)
    return pl.DataFrame(
        {
            "source_record_id": activity_ids(batch.number),
            "channel": _words(b.CHANNELS, batch.channel),
            "occurred_at": look_up(wording.days, batch.day + MARGIN).zip_with(pl.Series(is_dated), occurred),
            "rep_id": look_up(wording.reps, batch.person),
            "booked_by_rep_id": look_up(wording.reps, batch.booker),
            "occurred_at_precision": _word_where(is_dated & (batch.number % 2 == 0), "date"),
            "occurred_at_basis": _basis(batch),
            "is_bulk": _word_where(batch.is_bulk == 1, "true"),
            "direction": _words(b.DIRECTIONS, batch.direction),
            "status": _words(b.STATUSES, batch.status),
            "disposition": _words(b.DISPOSITIONS, batch.disposition),
            "meeting_mode": _words(b.MODES, batch.mode),
            "duration_seconds": look_up(_DURATIONS, batch.duration),
            "ended_at": wording.instants(batch.day, batch.ended, style),
            "account_id": look_up(wording.accounts, batch.account),
            "contact_id": look_up(wording.contacts, batch.contact),
            "contact_ids": _guest_lists(batch, wording),
            "lead_id": look_up(wording.leads, batch.lead),
            "opportunity_id": look_up(wording.deals, batch.deal),
            "subject": _words(SUBJECTS, batch.subject),
            "created_at": wording.instants(batch.created_day, batch.created_second, style),
            "is_deleted": _word_where(batch.deleted == 1, "true"),
            "updated_at": wording.instants(batch.updated_day, batch.updated_second, style),
        }
    )


def activity_ids(numbers: Ints) -> pl.Series:
    """The source's ids of the numbered activities."""
    return pl.Series(["ACT-"], dtype=pl.String) + pl.Series(numbers).cast(pl.String).str.zfill(8)


def _words(words: Sequence[str], codes: Ints) -> pl.Series:
    return pl.Series(words, dtype=pl.String)[codes]


def _word_where(said: npt.NDArray[np.bool_], word: str) -> pl.Series:
    return _words(("", word), said.astype(np.int64))


def _basis(batch: Batch) -> pl.Series:
    by_channel = ["due" if code == b.TASK else "scheduled" if code == b.MEETING else "actual" for code in range(7)]
    return _words([*by_channel, ""], np.where(batch.number % 3 == 0, batch.channel, len(by_channel)))


def _guest_lists(batch: Batch, wording: Wording) -> pl.Series:
    """Lists of two or three contacts of the account, half of them separated by `;`, half JSON."""
    cells = [""] * len(batch)
    for row in np.nonzero(batch.guests >= 2)[0].tolist():
        first = int(batch.contact[row]) // 3 * 3
        ids = wording.contacts[first : first + int(batch.guests[row])].to_list()
        as_json = '"[' + ",".join(f'""{name}""' for name in ids) + ']"'
        cells[row] = as_json if batch.number[row] % 2 else ";".join(ids)
    return pl.Series(cells, dtype=pl.String)


_DURATIONS = texts_of([str(seconds) for seconds in range(12_000)])
"""A call and a meeting, the extra seconds of a correction included, are shorter than this."""
