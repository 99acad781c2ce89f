"""Whether anything is kept for longer than `privacy.keep_landed_days` allows."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.doctor.finding import Finding, Patient, fine, warn
from pipelines.night.landing import find_files
from pipelines.night.retention import is_due

_DAY_SECONDS = 86_400


def check_retention(patient: Patient) -> Iterator[Finding]:
    """Landed files that a night has to replace, and files in the inbox, which only its owner removes."""
    days = None if patient.settings is None else patient.settings.privacy.keep_landed_days
    if patient.settings is None or days is None:
        return
    if is_due(patient.workspace, patient.settings, patient.now):
        yield warn("retention", f"landed files are older than {days} days", "Replace them by their rows: touchline run")
    else:
        yield fine("retention", f"no landed file is older than {days} days")
    before = patient.now.timestamp() - days * _DAY_SECONDS
    home, settings = patient.workspace.home, patient.settings
    paths = {file.path for source in settings.sources for file in find_files(home, source, settings)}
    if old := sorted(path.name for path in paths if path.lstat().st_mtime < before):
        yield warn(
            "retention",
            f"{len(old):,} files in the inbox are older than {days} days, such as {old[0]}",
            "Remove them if they are not needed: Touchline takes nothing away there.",
        )
