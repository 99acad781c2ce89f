"""The people: sellers and what became of them, those who left earlier, managers and a support desk."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property

from pipelines.demo.company import Window, stamp
from pipelines.demo.names import person_name
from pipelines.demo.seats import FORMER, Fate, Seat, seat_sellers

_TERRITORIES = {"US": ("Northeast", "Midwest", "Southeast", "West"), "CA": ("Canada",), "GB": ("United Kingdom",)}
CLOSING_ROLES = ("ae", "field_rep", "csm", "solutions_engineer", "")
UNKNOWN_REP = "R999"
"""On a few activities, and in no roster."""


@dataclass(frozen=True)
class RosterRow:
    """A rep from `effective_from` on."""

    rep_id: str
    full_name: str
    role: str
    rep_type: str
    team: str
    manager_rep_id: str
    territory: str
    country: str
    hire_date: date
    effective_from: date
    termination_date: date | None = None
    termination_kind: str = ""

    def is_employed(self, day: date) -> bool:
        """Whether the day lies in the spell; both its ends count."""
        return self.hire_date <= day and (self.termination_date is None or day <= self.termination_date)

    @property
    def profile(self) -> str:
        """Which behaviour the row has; behaviour.py knows the names."""
        if self.role in ("sdr", "csm", "sales_manager", "sales_support"):
            return self.role
        return self.rep_type

    def as_record(self) -> dict[str, object]:
        """The row of reps.csv."""
        email = self.full_name.lower().replace(" ", ".") + f".{self.rep_id.lower()}@example.com"
        blank_start = self.effective_from == self.hire_date and self.rep_id.endswith("4")
        return {
            **{name: value for name, value in vars(self).items() if value is not None},
            "email": email,
            "effective_from": "" if blank_start else self.effective_from,
            "updated_at": stamp(self.termination_date or self.effective_from, 12 * 3600),
        }


@dataclass(frozen=True)
class Roster:
    """All rows, sellers first; a rep's rows stand together in the order of `effective_from`."""

    rows: tuple[RosterRow, ...]
    sellers: int

    @cached_property
    def histories(self) -> dict[str, list[RosterRow]]:
        """Each person's rows, in roster order."""
        found: dict[str, list[RosterRow]] = {}
        for row in self.rows:
            found.setdefault(row.rep_id, []).append(row)
        return found

    @cached_property
    def rep_ids(self) -> list[str]:
        """Each person once, in roster order."""
        return list(self.histories)

    @cached_property
    def teams(self) -> list[str]:
        """Each team once."""
        return list(dict.fromkeys(row.team for row in self.rows))

    def on(self, rep_id: str, day: date) -> RosterRow | None:
        """Who the person is on the day; None when not employed."""
        rows = [row for row in self.histories[rep_id] if row.effective_from <= day]
        return rows[-1] if rows and rows[-1].is_employed(day) else None

    def closers(self, day: date) -> list[str]:
        """Who may own a deal on the day; the founding seller where there is nobody (judged once a week)."""
        monday = day - timedelta(days=day.weekday())
        if monday not in self._closers:
            rows = [row for row in self.rows if row.role in CLOSING_ROLES and self.on(row.rep_id, monday) is row]
            self._closers[monday] = [row.rep_id for row in rows] or self.rep_ids[:1]
        return self._closers[monday]

    @cached_property
    def _closers(self) -> dict[date, list[str]]:
        return {}


def hire_everyone(window: Window, reps: int) -> Roster:
    """The roster of `reps` sellers with a manager a team, one support person, and sellers who left before."""
    dice = window.dice("roster")
    seats = seat_sellers(reps)
    teams = list(dict.fromkeys(seat.team for seat in seats))
    rows: list[RosterRow] = []
    for index, seat in enumerate(seats):
        rows += _career(_seller(window, dice, index, seat, teams), window, seat.fate)
    for number, team in enumerate(teams):
        rep_type = next(seat.rep_type for seat in seats if seat.team == team)
        rows.append(_staff(window, dice, f"M{number + 1:03d}", "sales_manager", rep_type, team))
    rows.append(_staff(window, dice, "S001", "sales_support", "inside", teams[0]))
    rows += _former(window, dice, teams)
    return Roster(tuple(rows), reps)


def _seller(window: Window, dice: random.Random, index: int, seat: Seat, teams: list[str]) -> RosterRow:
    role = {11: "", 13: "solutions_engineer"}.get(index, seat.role)
    country = {6: "CA", 9: "GB", 2: ""}.get(index % 10, "US")
    territory = dice.choice(_TERRITORIES[country or "US"])
    hired = min(window.first, window.before_end(400)) - timedelta(days=dice.randrange(30, 700))
    manager = f"M{teams.index(seat.team) + 1:03d}"
    name, number = person_name(dice), index + 1 if index < 998 else index + 2
    return RosterRow(f"R{number:03d}", name, role, seat.rep_type, seat.team, manager, territory, country, hired, hired)


def _staff(window: Window, dice: random.Random, rep_id: str, role: str, rep_type: str, team: str) -> RosterRow:
    hired = min(window.first, window.before_end(400)) - timedelta(days=dice.randrange(400, 800))
    return RosterRow(rep_id, person_name(dice), role, rep_type, team, "", "", "US", hired, hired)


def _former(window: Window, dice: random.Random, teams: list[str]) -> Iterator[RosterRow]:
    """Sellers who left before; a company with few sellers has none."""
    for number, (role, rep_type, team, days) in enumerate(FORMER if len(teams) >= 5 else ()):
        row = _staff(window, dice, f"F{number + 1:03d}", role, rep_type, team)
        yield replace(
            row,
            manager_rep_id=f"M{teams.index(team) + 1:03d}",
            termination_date=window.before_end(days),
            termination_kind=("voluntary", "involuntary")[number % 2],
        )


def _career(row: RosterRow, window: Window, fate: Fate) -> list[RosterRow]:
    """The seller's rows; a day of their fate that lies before the window is a fate before the window."""
    if fate.joined is not None:
        joined = window.before_end(fate.joined)
        row = replace(row, hire_date=joined, effective_from=joined)
    if fate.left is not None:
        kind = "involuntary" if fate.is_involuntary else "voluntary"
        row = replace(row, termination_date=window.before_end(fate.left), termination_kind=kind)
    rows = [row]
    if fate.back is not None:
        back = window.before_end(fate.back)
        again = replace(row, hire_date=back, effective_from=back, termination_date=None, termination_kind="")
        rows.append(again)
    if fate.promoted is not None:
        moved = replace(row, effective_from=window.before_end(fate.promoted), role="ae", team="Inside Sales")
        rows.append(replace(moved, manager_rep_id="M001"))
    if fate.retyped is not None:
        moved = replace(row, effective_from=window.before_end(fate.retyped), rep_type="outside", role="field_rep")
        rows.append(moved)
    return rows
