"""The people: joiners, leavers, movers, one who came back, managers and a support desk; leave and targets."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from pipelines.demo.company import Window, stamp
from pipelines.demo.names import person_name

SEATS = (
    ("ae", "inside", "Inside East"),
    ("field_rep", "outside", "Field North"),
    ("sdr", "inside", "Development"),
    ("ae", "inside", "Inside West"),
    ("field_rep", "outside", "Field South"),
    ("csm", "hybrid", "Customer Success"),
    ("ae", "hybrid", "Strategic"),
    ("sdr", "inside", "Development"),
)
TERRITORIES = {"US": ("Northeast", "Midwest", "Southeast", "West"), "CA": ("Canada",), "GB": ("United Kingdom",)}


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

    @property
    def rep_ids(self) -> list[str]:
        """Each person once, in roster order."""
        return list(dict.fromkeys(row.rep_id for row in self.rows))

    def of(self, rep_id: str) -> list[RosterRow]:
        """The rep's history."""
        return [row for row in self.rows if row.rep_id == rep_id]


def hire_everyone(window: Window, reps: int) -> Roster:
    """The roster of `reps` sellers with a manager a team and one support person."""
    dice = window.dice("roster")
    rows: list[RosterRow] = []
    teams = list(dict.fromkeys(seat[2] for seat in SEATS[:reps]))
    for index in range(reps):
        rows += _career(_seller(window, dice, index, teams), window, index)
    for number, team in enumerate(teams):
        rep_type = next(seat[1] for seat in SEATS if seat[2] == team)
        rows.append(_staff(window, dice, f"M{number + 1:03d}", "sales_manager", rep_type, team))
    rows.append(_staff(window, dice, "S001", "sales_support", "inside", teams[0]))
    return Roster(tuple(rows), reps)


def _seller(window: Window, dice: random.Random, index: int, teams: list[str]) -> RosterRow:
    role, rep_type, team = SEATS[index % len(SEATS)]
    if index == 11:
        role = ""
    if index == 13:
        role = "solutions_engineer"
    country = {6: "CA", 9: "GB", 2: ""}.get(index % 10, "US")
    territory = dice.choice(TERRITORIES[country or "US"])
    hired = window.first - timedelta(days=dice.randrange(30, 1000))
    manager = f"M{teams.index(team) + 1:03d}"
    name = person_name(dice)
    return RosterRow(f"R{index + 1:03d}", name, role, rep_type, team, manager, territory, country, hired, hired)


def _staff(window: Window, dice: random.Random, rep_id: str, role: str, rep_type: str, team: str) -> RosterRow:
    hired = window.first - timedelta(days=dice.randrange(500, 1000))
    return RosterRow(rep_id, person_name(dice), role, rep_type, team, "", "", "US", hired, hired)


def _career(row: RosterRow, window: Window, index: int) -> list[RosterRow]:
    """What happens to a seller in the window; most just stay."""
    if index == 9:
        left, back = window.at(0.3), window.at(0.6) + timedelta(days=1)
        first = replace(row, termination_date=left, termination_kind="voluntary")
        return [first, replace(row, hire_date=back, effective_from=back)]
    if index % 8 == 3:
        joined = window.at(0.25 + index % 5 / 10)
        return [replace(row, hire_date=joined, effective_from=joined)]
    if index % 8 == 5 or index % 16 == 4:
        left = window.at(0.5 + index % 7 / 20)
        kind = "involuntary" if index % 16 == 13 else "voluntary"
        return [replace(row, termination_date=left, termination_kind=kind)]
    if index % 12 == 6:
        return [row, replace(row, effective_from=window.at(0.4), rep_type="outside", role="field_rep")]
    if index % 12 == 10:
        return [row, replace(row, effective_from=window.at(0.55), role="ae", team="Inside East", manager_rep_id="M001")]
    return [row]


def alias_rows(roster: Roster) -> Iterator[dict[str, object]]:
    """The dialler's ids of two reps, which the CRM writes on calls that the dialler logged."""
    for rep_id in roster.rep_ids[: min(2, roster.sellers)]:
        yield {"source": "crm", "source_rep_id": alias_of(rep_id), "rep_id": rep_id}


def alias_of(rep_id: str) -> str:
    """The dialler's id of a rep."""
    return f"dial-{rep_id[1:]}"


def plan_leave(roster: Roster, window: Window) -> list[dict[str, object]]:
    """Rows of time_off: two stretches a seller."""
    dice = window.dice("leave")
    rows: list[dict[str, object]] = []
    for rep_id in roster.rep_ids[: roster.sellers]:
        for kind, longest in (("vacation", 8), ("sick", 2)):
            start = window.first + timedelta(days=dice.randrange(window.days))
            end = start + timedelta(days=dice.randrange(longest))
            rows.append({"rep_id": rep_id, "start_date": start, "end_date": end, "kind": kind})
    return rows


def target_rows(roster: Roster, window: Window) -> Iterator[dict[str, object]]:
    """Rows of activity_targets: by role and rep type, and for one rep of their own."""
    start = window.months(before=1)[0]
    changed = stamp(start, 9 * 3600)
    for role, rep_type, metric, grain, target in (
        ("ae", "inside", "calls", "day", 14),
        ("ae", "inside", "emails", "day", 12),
        ("sdr", "inside", "calls", "day", 18),
        ("sdr", "inside", "meetings_booked", "week", 4),
        ("field_rep", "outside", "meetings_held", "week", 9),
        ("field_rep", "outside", "touches", "day", 24),
        ("csm", "hybrid", "touches", "month", 520),
        ("ae", "hybrid", "proposals_sent", "quarter", 6),
    ):
        base = {"metric": metric, "target": target, "period_grain": grain, "effective_from": start}
        yield {**base, "role": role, "rep_type": rep_type, "updated_at": changed}
    own = {"metric": "calls", "target": 16.5, "period_grain": "day", "effective_from": window.at(0.5)}
    yield {**own, "rep_id": roster.rep_ids[0], "updated_at": stamp(window.at(0.5), 9 * 3600)}
