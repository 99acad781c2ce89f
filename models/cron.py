"""Whether a text is a cron line of five fields: minute, hour, day of month, month, day of week.

Only what every cron reads alike: numbers, `*`, ranges, steps, lists, and the names of months and days. Words such as
`@daily` are not among them: a night says when it runs.
"""

from __future__ import annotations

import re

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS: tuple[tuple[str, int, int, tuple[str, ...]], ...] = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of month", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("day of week", 0, 7, _DAYS),
)
_PART = re.compile(r"(?:\*|(?P<first>[0-9a-z]+)(?:-(?P<last>[0-9a-z]+))?)(?:/(?P<step>[1-9][0-9]?))?\Z")


def cron_problem(line: str) -> str | None:
    """What is wrong with the line; None when it is right."""
    texts = line.lower().split()
    if len(texts) != len(_FIELDS):
        return f"a cron line has five fields (minute hour day month weekday), found {len(texts)}"
    for text, (field, lowest, highest, names) in zip(texts, _FIELDS, strict=True):
        for part in text.split(","):
            if not _is_part(part, lowest, highest, names):
                return f"'{part}' is no {field} ({lowest} to {highest}, *, a range such as 1-5, or a step such as */15)"
    return None


def _is_part(part: str, lowest: int, highest: int, names: tuple[str, ...]) -> bool:
    match = _PART.match(part)
    if match is None:
        return False
    bounds = [match[name] for name in ("first", "last") if match[name] is not None]
    numbers = [_number(bound, lowest, names) for bound in bounds]
    if match["step"] is not None and len(bounds) == 1:
        return False  # `5/15` means different things to different crons
    return all(lowest <= number <= highest for number in numbers) and numbers == sorted(numbers)


def _number(bound: str, lowest: int, names: tuple[str, ...]) -> int:
    """The number that a bound names; -1, which is in no range, when it names none."""
    if bound in names:
        return names.index(bound) + lowest
    return int(bound) if bound.isdigit() else -1
