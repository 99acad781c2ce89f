"""What the sources deliver: files that are missing, cannot be read, are not read, or were refused."""

from __future__ import annotations

import os
from collections.abc import Iterator

from models.settings import Settings, Source
from models.storage_settings import is_remote
from pipelines.commands.standing import Standing
from pipelines.doctor.finding import Finding, Patient, fail, fine, warn
from pipelines.night.landing import find_files, strange_files, unread_files
from pipelines.night.unread import homeless_files


def check_sources(patient: Patient) -> Iterator[Finding]:
    """Each source of the settings has files, all readable, all of a name that is read."""
    if patient.settings is None:
        return
    if not patient.settings.sources:
        yield warn(
            "sources", "touchline.yaml names no source", "Name one under sources:; touchline inspect FILE proposes it."
        )
    for source in patient.settings.sources:
        yield from _check_source(patient, patient.settings, source)
    if homeless := homeless_files(patient.workspace.home, patient.settings):
        yield warn(
            "inbox",
            f"no source looks where these lie: {', '.join(path.name for path in homeless[:5])}",
            "Move them into the folder of a source, or describe them as one (touchline inspect FILE).",
        )


def _check_source(patient: Patient, settings: Settings, source: Source) -> Iterator[Finding]:
    home, name = patient.workspace.home, f"source {source.name}" + (f"/{source.entity}" if source.entity else "")
    files = [file.path for file in find_files(home, source, settings)]
    closed = [path for path in files if not os.access(path, os.R_OK)]
    unread, strange = unread_files(home, source, settings), strange_files(home, source)
    if not files and not unread and source.api is None and not is_remote(source.path):
        yield warn(
            name, f"no file is found at {source.path}", "Drop exports there, or mend the path in touchline.yaml."
        )
    if closed:
        names = ", ".join(path.name for path in closed[:5])
        yield fail(
            name, f"this user may not read {names}", "Give the user who runs the nights read permission on them."
        )
    if unread:
        yield warn(
            name,
            f"not read, for their names are no entity's: {', '.join(path.name for path in unread[:5])}",
            "Rename them (<entity>*.csv, .jsonl, .parquet, .xlsx …), describe them as a mapped source"
            " (touchline inspect FILE), or move them away.",
        )
    if strange:
        yield warn(
            name,
            f"no ordinary file, or a link, and never opened: {', '.join(path.name for path in strange[:5])}",
            "Deliver the file itself: copy it beside under a name that ends in .part, then rename it.",
        )
    if files and not closed and not unread and not strange:
        yield fine(name, f"{len(files):,} files at {source.path}")


def check_refused(standing: Standing) -> Iterator[Finding]:
    """Files that were refused and still lie in the inbox."""
    for refused in standing.published.refused:
        name = f"{refused['source']}/{refused['file_name']}"
        yield warn("refused file", f"{name}: {refused['reason']}", str(refused["remedy"]))


def check_freshness(standing: Standing) -> Iterator[Finding]:
    """Sources whose newest event was too old at the last published night."""
    for source in standing.published.sources:
        if source["is_stale"]:
            yield warn(
                f"source {source['source']}",
                f"its newest event was {source['newest_event_age_hours']:,.0f} hours old at the last night's as_of;"
                f" {source['fresh_within_hours']} are allowed",
                "See that its exports still arrive in the inbox, or raise its fresh_within_hours.",
            )
