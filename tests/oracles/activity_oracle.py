"""A second opinion: recomputes activity figures of canonical CSV exports in plain Python, one row at a time.

It shares nothing with the product but the contract (contract.md 5 and 6, metrics.md 0 to 3): no DuckDB, no Polars,
none of our modules. It knows the demo company's settings (the constants below) and its two sources.
Run it as `python -m tests.oracles.activity_oracle FOLDER AS_OF [TIMEZONE]` for JSON.
"""

import json
import sys
from collections import Counter, defaultdict
from datetime import date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import holidays

from tests.oracles.canonical import BLANKS, Export, is_true

SOURCE = "crm"
DEFAULT_COUNTRY = "US"
COUNTED_ROLES = {"sdr", "ae", "csm", "field_rep", ""}
OPENS, CLOSES = time(9, 0), time(17, 30)
CONNECTED_SECONDS = 90
UNKNOWN = "unknown"


def as_day(text):
    return date.fromisoformat(text) if text else None


def in_force(rows):
    """Each roster row from its first day on, in order; a rehire's first one from the middle of the gap on."""
    ends = {row["hire_date"]: as_day(row.get("termination_date")) for _, row in sorted(rows, key=lambda item: item[0])}
    found = []
    for start, row in sorted(rows, key=lambda item: item[0]):
        hired, last = as_day(row["hire_date"]), found and ends[found[-1][1]["hire_date"]]
        if last and last < hired and found[-1][1]["hire_date"] != row["hire_date"]:
            middle = last + (hired - last) // 2 + timedelta(days=1)
            start = min(
                start,
                max(
                    middle, as_day(found[-1][1].get("effective_from") or found[-1][1]["hire_date"]) + timedelta(days=1)
                ),
            )
        found.append((start, row))
    return found


class Roster:
    """Who somebody was on a day, and whether it was a workday of theirs."""

    def __init__(self, export):
        self.history = defaultdict(list)
        for row in export.living("reps"):
            start = as_day(row.get("effective_from") or row["hire_date"])
            self.history[row["rep_id"]].append((start, row))
        self.history = {rep_id: in_force(rows) for rep_id, rows in self.history.items()}
        self.aliases = {
            (row["source"], row["source_rep_id"]): row["rep_id"]
            for row in export.living("rep_aliases")
            if row["rep_id"] in self.history
        }
        self.leave = defaultdict(list)
        for row in export.living("time_off"):
            self.leave[row["rep_id"]].append((as_day(row["start_date"]), as_day(row["end_date"])))
        self.is_workday = cache(self._is_workday)
        self.on = cache(self._on)

    def resolve(self, source_rep_id, source=SOURCE):
        if (source, source_rep_id) in self.aliases:
            return self.aliases[source, source_rep_id]
        return source_rep_id if source_rep_id in self.history else UNKNOWN

    def _on(self, rep_id, day):
        """The roster row in effect; none for an unknown rep."""
        rows = self.history.get(rep_id)
        return None if rows is None else [row for start, row in rows if start <= day or row is rows[0][1]][-1]

    def is_counted(self, rep_id, day):
        row = self.on(rep_id, day)
        return row is None or row.get("role", "") in COUNTED_ROLES

    def spells(self, rep_id):
        """(hire, last day or None) of each employment; the later roster row's end holds."""
        ends = {row["hire_date"]: row.get("termination_date") for _, row in self.history[rep_id]}
        return [(as_day(hired), as_day(ended)) for hired, ended in ends.items()]

    def _is_workday(self, rep_id, day):
        row = self.on(rep_id, day) or {}
        if day.weekday() > 4 or day in holidays_of(row.get("country", DEFAULT_COUNTRY)):
            return False
        if rep_id == UNKNOWN:
            return True
        if any(start <= day <= end for start, end in self.leave[rep_id]):
            return False
        return any(hired <= day and (ended is None or day <= ended) for hired, ended in self.spells(rep_id))

    def workdays(self, last):
        """(rep type, month): workdays of the people counted as reps, from the first hire to `last`."""
        counts = Counter()
        for rep_id in self.history:
            day = min(hired for hired, _ in self.spells(rep_id))
            while day <= last:
                if self.is_workday(rep_id, day) and self.is_counted(rep_id, day):
                    counts[self.on(rep_id, day)["rep_type"].lower(), day.replace(day=1)] += 1
                day += timedelta(days=1)
        return counts


@cache
def holidays_of(country):
    return holidays.country_holidays(country)


class Survivors:
    """Whom an id of a mergeable entity stands for in the end."""

    def __init__(self, export, entity):
        self.rows = {key[0]: row for key, row in export.winners[entity].items()}
        self.standing = cache(self._standing)

    def survivor(self, record_id):
        """The id that counts; None when that record is deleted."""
        standing = self.standing(record_id)
        return None if is_true(self.rows.get(standing, {}).get("is_deleted")) else standing

    def _standing(self, record_id):
        """The id at the end of all merges, deleted or not."""
        path = [record_id]
        while following := self.rows.get(path[-1], {}).get("merged_into_id"):
            if following in path:  # a ring: each of it counts as itself
                path = [record_id]
                break
            path.append(following)
        return path[-1]


class Event:
    """One activity as of an instant."""

    def __init__(self, row, export, as_of):
        self.row, self.channel = row, row["channel"].lower()
        self.day = export.local_day(row["occurred_at"])
        self.is_dated = len(row["occurred_at"]) == 10 or row.get("occurred_at_precision", "").lower() == "date"
        self.at = export.instant(row["occurred_at"]).astimezone(export.zone)
        self.is_past = self.at <= as_of
        self.direction = row.get("direction", "").lower()
        self.is_completed = row.get("status", "completed").lower() == "completed" and self.is_past
        self.seconds = int(row["duration_seconds"]) if "duration_seconds" in row else 0
        ended = export.instant(row["ended_at"]) if "ended_at" in row else self.at + timedelta(seconds=self.seconds)
        if "duration_seconds" not in row and "ended_at" in row:
            self.seconds = int((ended - self.at).total_seconds())
        self.is_held = self.channel == "meeting" and self.is_completed and ended <= as_of

    @property
    def is_touch(self):
        if not self.is_completed or self.direction in ("internal", "inbound") or self.channel in ("task", "note"):
            return False
        if self.channel == "meeting":
            return self.is_held
        return not (self.channel == "email" and self.row.get("disposition", "").lower() == "bounced")

    @property
    def is_connected_call(self):
        if self.channel != "call" or not self.is_completed:
            return False
        disposition = self.row.get("disposition", "").lower()
        return disposition == "connected" or (not disposition and self.seconds > CONNECTED_SECONDS)

    @property
    def contact_ids(self):
        text = self.row.get("contact_ids", "")
        items = json.loads(text) if text.startswith("[") else text.split(";")
        ids = {item.strip(BLANKS) for item in items} | {self.row.get("contact_id", "")}
        return ids - {""}


def figures(inbox: Path, as_of: datetime, timezone: str, dialer: Path | None = None) -> dict[str, dict]:
    """The figures of the exports in the folder `inbox`, by name.

    Keys are tuples of texts and dates: reps are `crm:<id>` or `unknown`, months and weeks their first day (a week
    starts on Monday). `accounting` is by file name. Cells that are 0 are left out.
    """
    return figures_of(Export(inbox, ZoneInfo(timezone), dialer), as_of)


def figures_of(export: Export, as_of: datetime) -> dict[str, dict]:
    """The figures of an export that was read."""
    roster, contacts = Roster(export), Survivors(export, "contacts")
    counts = defaultdict(Counter)
    touched = defaultdict(set)
    for row in export.living("activities"):
        event = Event(row, export, as_of)
        rep_id = roster.resolve(row.get("rep_id", ""), row.get("source", SOURCE))
        if event.channel == "meeting" and "created_at" in row and export.instant(row["created_at"]) <= as_of:
            booker = roster.resolve(row["booked_by_rep_id"]) if "booked_by_rep_id" in row else rep_id
            booked = export.local_day(row["created_at"])
            if roster.is_counted(booker, booked):
                counts["meetings_booked"][prefixed(booker), booked] += 1
        if event.is_past and roster.is_counted(rep_id, event.day):
            count_event(event, rep_id, roster, counts)
            if event.is_touch and rep_id != UNKNOWN:
                rep_type = roster.on(rep_id, event.day)["rep_type"].lower()
                touched[rep_type, event.day.replace(day=1)] |= {contacts.survivor(one) for one in event.contact_ids}
    counts["contacts_touched"].update({key: len(ids - {None}) for key, ids in touched.items()})
    counts["rep_workdays"] = roster.workdays(as_of.astimezone(export.zone).date())
    without_zeros = {name: {key: n for key, n in cells.items() if n} for name, cells in counts.items()}
    return {**without_zeros, "accounting": export.accounting}


def count_event(event, rep_id, roster, counts):
    """Adds one activity of a counted or unknown rep."""
    row = roster.on(rep_id, event.day)
    month = event.day.replace(day=1)
    if event.is_touch:
        counts["touches"][prefixed(rep_id), event.day] += 1
        is_outside_hours = not OPENS <= event.at.time() < CLOSES or not roster.is_workday(rep_id, event.day)
        if is_outside_hours and not event.is_dated:
            counts["after_hours_touches"][prefixed(rep_id), month] += 1
    if event.channel == "call" and event.is_completed:
        team = UNKNOWN if row is None else row.get("team", UNKNOWN)
        counts["talk_seconds"][(team,)] += event.seconds
    if row is None:
        return
    if event.is_connected_call:
        counts["calls_connected"][row["rep_type"].lower(), month] += 1
    if event.is_held:
        monday = event.day - timedelta(days=event.day.weekday())
        counts["meetings_held"][row["rep_type"].lower(), monday] += 1


def prefixed(rep_id):
    return UNKNOWN if rep_id == UNKNOWN else f"{SOURCE}:{rep_id}"


def main(folder, as_of, timezone="America/New_York"):
    """Prints the figures as JSON; the parts of a key are joined by `|`."""
    found = figures(Path(folder), datetime.fromisoformat(as_of), timezone)
    text = {
        name: {key if isinstance(key, str) else "|".join(map(str, key)): value for key, value in cells.items()}
        for name, cells in found.items()
    }
    json.dump(text, sys.stdout, indent=1, sort_keys=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
