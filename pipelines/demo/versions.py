"""Other versions of activities: logged late, as they stood before, corrected, deleted, still to come."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pipelines.demo import behaviour as b
from pipelines.demo.batch import MARGIN, Batch, World
from pipelines.demo.company import Window
from pipelines.demo.days import BLANK

_EVENING = 80_000
"""A second later than any on which a rep still writes, so that a correction of the same day is newer."""


def as_late(batch: Batch, window: Window, dice: np.random.Generator) -> Batch:
    """Entered ten days to four weeks after the fact."""
    size = len(batch)
    day = np.minimum(batch.day + 10 + (dice.random(size) * 18).astype(np.int64), max(window.days - 1, 0))
    day = np.maximum(day, batch.day)
    is_meeting = batch.channel == b.MEETING
    return replace(
        batch,
        created_day=np.where(is_meeting, batch.created_day, day),
        updated_day=np.maximum(day, batch.updated_day),
    )


def as_stale(batch: Batch) -> Batch:
    """As it stood when it was entered: planned, not done."""
    blank = np.full(len(batch), BLANK)
    return replace(
        batch,
        status=np.full(len(batch), b.SCHEDULED),
        duration=blank,
        ended=blank,
        updated_day=batch.created_day,
        updated_second=batch.created_second,
    )


def as_corrected(batch: Batch, window: Window, world: World, dice: np.random.Generator) -> Batch:
    """A newer version: a quarter deleted, a quarter with another outcome, the rest with another rep or day."""
    size, lot = len(batch), dice.random(len(batch))
    other_end = (lot >= 0.25) & (lot < 0.5)
    other_rep = (lot >= 0.5) & (lot < 0.75) & (batch.person < world.sellers)
    day = np.where(lot >= 0.75, np.maximum(0, world.previous_workday[batch.day - 1 + MARGIN]), batch.day)
    updated = np.maximum(batch.updated_day, batch.day + 1 + (dice.random(size) * 20).astype(np.int64))
    return replace(
        batch,
        deleted=(lot < 0.25).astype(np.int64),
        status=np.where(other_end & (batch.channel == b.MEETING), b.CANCELLED, batch.status),
        duration=np.where(other_end & (batch.duration >= 0), batch.duration + 120, batch.duration),
        person=np.where(other_rep, (batch.person + 1) % world.sellers, batch.person),
        day=day,
        updated_day=np.minimum(updated, np.maximum(batch.updated_day, window.days - 1)),
        updated_second=_EVENING + (dice.random(size) * 6000).astype(np.int64),
    )


def as_upcoming(batch: Batch, window: Window, world: World, dice: np.random.Generator) -> Batch:
    """Booked in the window's last days, to be held in the three weeks after it."""
    size, last = len(batch), window.days - 1
    day = world.previous_workday[last + 4 + (dice.random(size) * 20).astype(np.int64) + MARGIN]
    day = np.where(day <= last, day + 7, day)
    created = world.previous_workday[last - (dice.random(size) * 5).astype(np.int64) + MARGIN]
    return replace(
        batch,
        day=day,
        status=np.where(dice.random(size) < 0.7, b.SCHEDULED, 0),
        created_day=created,
        updated_day=created,
        updated_second=batch.created_second + 60,
    )
