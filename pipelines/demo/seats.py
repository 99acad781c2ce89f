"""The teams and what becomes of each seat: who stays, joins, leaves, comes back, moves. Counted in days before the end."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

_CYCLE = (
    ("ae", "inside", "Inside Sales"),
    ("field_rep", "outside", "Field Sales"),
    ("sdr", "inside", "Development"),
    ("ae", "inside", "Inside Sales"),
    ("field_rep", "outside", "Field Sales"),
    ("csm", "hybrid", "Customer Success"),
    ("ae", "hybrid", "Strategic"),
    ("sdr", "inside", "Development"),
)
_TEAM_SIZE = 8
"""A department with more sellers than this has several teams."""


@dataclass(frozen=True)
class Fate:
    """What happens to a seller, each so many days before the window's end."""

    joined: int | None = None
    left: int | None = None
    back: int | None = None
    promoted: int | None = None
    retyped: int | None = None
    is_involuntary: bool = False


@dataclass(frozen=True)
class Seat:
    """A seller's place."""

    role: str
    rep_type: str
    team: str
    fate: Fate = Fate()


_FATES = {
    ("Development", 1): Fate(left=130, is_involuntary=True),
    ("Development", 2): Fate(promoted=80),
    ("Development", 3): Fate(left=45),
    ("Development", 4): Fate(joined=95),
    ("Development", 5): Fate(joined=30),
    ("Inside Sales", 1): Fate(joined=135),
    ("Inside Sales", 5): Fate(left=34),
    ("Field Sales", 2): Fate(left=125, back=70),
    ("Field Sales", 3): Fate(joined=60),
    ("Strategic", 0): Fate(retyped=105),
}
"""By team and place in it. Development is the revolving door; the overloaded rep's colleague leaves Inside Sales."""
_LAST_PLACE_FATE = Fate(left=150)
"""In every further team that is full: one leaver among nine is no story."""
FORMER = (
    ("sdr", "inside", "Development", 275),
    ("ae", "inside", "Inside Sales", 420),
    ("field_rep", "outside", "Field Sales", 480),
    ("sdr", "inside", "Development", 520),
)
"""Sellers who left, so many days before the window's end, and whose seat somebody else has since."""


def seat_sellers(count: int) -> list[Seat]:
    """The seats of so many sellers, in the order of their ids."""
    taken: Counter[str] = Counter()
    seats = []
    for index in range(count):
        role, rep_type, department = _CYCLE[index % len(_CYCLE)]
        number, place = divmod(taken[department], _TEAM_SIZE)
        taken[department] += 1
        seats.append(Seat(role, rep_type, _team_name(department, number), _fate(department, number, place)))
    return seats


def _team_name(department: str, number: int) -> str:
    return f"{department} {number + 1}" if number else department


def _fate(department: str, number: int, place: int) -> Fate:
    if number:
        return _LAST_PLACE_FATE if place == _TEAM_SIZE - 1 else Fate()
    return _FATES.get((department, place), Fate())
