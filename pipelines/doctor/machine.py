"""The machine: versions, time zone rules, the clock, the disk."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from zoneinfo import ZoneInfo

from pipelines.commands.pages import ago, size
from pipelines.doctor.finding import Finding, Patient, fail, fine, warn
from pipelines.night.disk import bytes_below, disk_use
from pipelines.night.history import read_nights

_SKEW = timedelta(minutes=5)
_LOOKED_BACK = 30
_GENERATIONS_OF_ROOM = 3


def check_versions(patient: Patient) -> Iterator[Finding]:
    """Python, Touchline, and the libraries that decide what is published."""
    python = ".".join(map(str, sys.version_info[:3]))
    found = ", ".join(f"{name} {version(name)}" for name in ("touchline", "duckdb", "dagster", "polars", "pydantic"))
    yield fine("versions", f"Python {python}, {found}")


def check_time_zones(patient: Patient) -> Iterator[Finding]:
    """Python and DuckDB bring their own time zone rules; both must know the zones of the settings and agree on them."""
    if patient.settings is None:
        return
    import duckdb

    zones = {patient.settings.company.timezone, *(source.timezone for source in patient.settings.sources)} - {None}
    with duckdb.connect(":memory:") as connection:
        for zone in sorted(zone for zone in zones if zone):
            moments = [datetime(patient.now.year, month, 1, 12, tzinfo=UTC) for month in (1, 7)]
            ours = [moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for moment in moments]
            theirs = connection.execute(
                "select list(timezone(?, moment)) from unnest(?) as u (moment)", [zone, moments]
            )
            if (theirs.fetchone() or (None,))[0] != ours:
                yield fail(
                    "time zones",
                    f"Python and DuckDB do not agree on the time in {zone}",
                    "Bring both up to date: make lock UPGRADE=1, then make setup.",
                )
                return
    yield fine("time zones", f"{', '.join(sorted(zone for zone in zones if zone))}: Python and DuckDB agree")


def check_clock(patient: Patient) -> Iterator[Finding]:
    """A clock that runs behind what was already written is wrong now, or was."""
    nights = read_nights(patient.workspace, _LOOKED_BACK)
    ahead = [night for night in nights if night.started_at > patient.now + _SKEW]
    if ahead:
        which = "the last night" if ahead[0] is nights[0] else "an earlier night"
        yield warn(
            "clock",
            f"{which} began at {ahead[0].started_at:%Y-%m-%d %H:%M} UTC, which lies ahead of now"
            f" ({patient.now:%Y-%m-%d %H:%M} UTC)",
            "Set the machine's clock (timedatectl); a night judges by its as_of, which defaults to now. If the clock is"
            " right now, go back before the nights that ran ahead, so that alerts are judged again: touchline rollback --list",
        )
        return
    yield fine(
        "clock",
        f"{patient.now:%Y-%m-%d %H:%M} UTC"
        + (f", last night {ago(patient.now - nights[0].started_at)}" if nights else ""),
    )


def check_disk(patient: Patient) -> Iterator[Finding]:
    """A night needs room for a copy of the generation, what it adds, and what does not fit in memory."""
    use = disk_use(patient.workspace)
    published = patient.workspace.published
    one = bytes_below(published.resolve()) if published.exists() else 0
    found = f"{size(use.free)} free; a generation takes {size(one)}, landed files {size(use.landed)}"
    remedy = "Free some space, move the workspace to a larger disk, or lower engine.keep_generations."
    if use.free < one:
        yield fail("disk", f"{found}: the next night will not fit", remedy)
    elif use.free < _GENERATIONS_OF_ROOM * one:
        yield warn("disk", f"{found}: less than three times a generation", remedy)
    else:
        yield fine("disk", found)
