"""Activities as cells: codes become words, days and seconds become ISO times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import Enum

import numpy as np
import numpy.typing as npt

from pipelines.demo import behaviour as b
from pipelines.demo.batch import BLANK, MARGIN, Batch
from pipelines.demo.company import ZONE, Window
from pipelines.demo.customers import account_id, contact_id
from pipelines.demo.days import Ints
from pipelines.demo.deals import lead_id
from pipelines.demo.names import SUBJECTS

Cells = npt.NDArray[np.object_]


class TimeStyle(Enum):
    """How a file writes times."""

    OFFSET = "2026-01-05T09:30:00-05:00"
    LOCAL = "2026-01-05 09:30:00"
    UTC = "2026-01-05T14:30:00Z"


@dataclass(frozen=True)
class Wording:
    """The texts behind a batch's numbers. Every table's last entry is blank, so that BLANK (-1) finds it."""

    reps: Cells
    accounts: Cells
    contacts: Cells
    leads: Cells
    deals: Cells
    days: Cells
    days_t: Cells
    days_spaced: Cells
    offsets: Cells
    offset_seconds: Ints
    clocks: Cells

    def instants(self, day: Ints, second: Ints, style: TimeStyle) -> Cells:
        """ISO texts of local days and seconds; blank where the second is BLANK."""
        texts: Cells = np.full(len(day), "", dtype=object)
        known = np.nonzero(second != BLANK)[0]
        texts[known] = self._times(day[known] + MARGIN, second[known], style)
        return texts

    def _times(self, index: Ints, second: Ints, style: TimeStyle) -> Cells:
        if style is TimeStyle.LOCAL:
            return np.asarray(self.days_spaced[index] + self.clocks[second])
        if style is TimeStyle.OFFSET:
            return np.asarray(self.days_t[index] + self.clocks[second] + self.offsets[index])
        moment = index * 86_400 + second - self.offset_seconds[index]
        return np.asarray(self.days_t[moment // 86_400] + self.clocks[moment % 86_400] + "Z")


def _table(words: Sequence[str]) -> Cells:
    return np.array([*words, ""], dtype=object)


def make_wording(window: Window, reps: Sequence[str], accounts: int, leads: int, deals: int) -> Wording:
    """The texts of a company of that size."""
    days = [window.first + timedelta(days=number) for number in range(-MARGIN, window.days + MARGIN)]
    noons = [datetime.combine(day, time(12), ZONE) for day in days]
    return Wording(
        reps=_table(reps),
        accounts=_table([account_id(number) for number in range(accounts)]),
        contacts=_table([contact_id(number) for number in range(accounts * 3)]),
        leads=_table([lead_id(number) for number in range(leads)]),
        deals=_table([f"OPP-{number:06d}" for number in range(deals)]),
        days=_table([day.isoformat() for day in days]),
        days_t=_table([f"{day.isoformat()}T" for day in days]),
        days_spaced=_table([f"{day.isoformat()} " for day in days]),
        offsets=_table([noon.isoformat()[-6:] for noon in noons]),
        offset_seconds=np.array([int((noon.utcoffset() or timedelta()).total_seconds()) for noon in noons]),
        clocks=_table([f"{s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}" for s in range(86_400)]),
    )


def to_cells(batch: Batch, wording: Wording, style: TimeStyle) -> dict[str, Cells]:
    """The columns of activities.csv, in its order, as CSV cells."""
    occurred = wording.instants(batch.day, batch.second, style)
    is_dated = batch.is_dated == 1
    return {
        "source_record_id": np.array([f"ACT-{number:08d}" for number in batch.number.tolist()], dtype=object),
        "channel": _words(b.CHANNELS)[batch.channel],
        "occurred_at": np.where(is_dated, wording.days[batch.day + MARGIN], occurred),
        "rep_id": wording.reps[batch.person],
        "booked_by_rep_id": wording.reps[batch.booker],
        "occurred_at_precision": _or_blank(is_dated & (batch.number % 2 == 0), "date"),
        "occurred_at_basis": _basis(batch),
        "is_bulk": _or_blank(batch.is_bulk == 1, "true"),
        "direction": _words(b.DIRECTIONS)[batch.direction],
        "status": _words(b.STATUSES)[batch.status],
        "disposition": _words(b.DISPOSITIONS)[batch.disposition],
        "meeting_mode": _words(b.MODES)[batch.mode],
        "duration_seconds": _numbers(batch.duration),
        "ended_at": wording.instants(batch.day, batch.ended, style),
        "account_id": wording.accounts[batch.account],
        "contact_id": wording.contacts[batch.contact],
        "contact_ids": _guest_lists(batch, wording),
        "lead_id": wording.leads[batch.lead],
        "opportunity_id": wording.deals[batch.deal],
        "subject": _words(SUBJECTS)[batch.subject],
        "created_at": wording.instants(batch.created_day, batch.created_second, style),
        "is_deleted": _or_blank(batch.deleted == 1, "true"),
        "updated_at": wording.instants(batch.updated_day, batch.updated_second, style),
    }


def _words(words: Sequence[str]) -> Cells:
    return np.array(words, dtype=object)


def _or_blank(said: npt.NDArray[np.bool_], text: Cells | str) -> Cells:
    return np.where(said, np.asarray(text, dtype=object), "")


def _basis(batch: Batch) -> Cells:
    by_channel = _words(
        ["due" if channel == b.TASK else "scheduled" if channel == b.MEETING else "actual" for channel in range(7)]
    )
    return _or_blank(batch.number % 3 == 0, by_channel[batch.channel])


def _numbers(values: Ints) -> Cells:
    return np.array(["" if value == BLANK else str(value) for value in values.tolist()], dtype=object)


def _guest_lists(batch: Batch, wording: Wording) -> Cells:
    """Lists of two or three contacts of the account, half of them separated by `;`, half JSON."""
    cells: Cells = np.full(len(batch), "", dtype=object)
    for row in np.nonzero(batch.guests >= 2)[0].tolist():
        first = int(batch.contact[row]) // 3 * 3
        ids = [wording.contacts[first + number] for number in range(int(batch.guests[row]))]
        as_json = '"[' + ",".join(f'""{name}""' for name in ids) + ']"'
        cells[row] = as_json if batch.number[row] % 2 else ";".join(ids)
    return cells
