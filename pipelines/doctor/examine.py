"""All checks, in the order a person would mend things."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from models.errors import TouchlineError
from models.settings import Settings
from pipelines.commands.standing import Standing, read_standing
from pipelines.doctor.accounts import check_accounts
from pipelines.doctor.ahead import check_as_of
from pipelines.doctor.alerts import check_alerts
from pipelines.doctor.erasures import check_erasures
from pipelines.doctor.finding import Finding, Patient, fail, fine
from pipelines.doctor.folders import (
    check_dagster_settings,
    check_leftovers,
    check_lock,
    check_permissions,
    check_private_files,
    check_secret_key,
)
from pipelines.doctor.machine import check_clock, check_disk, check_time_zones, check_versions
from pipelines.doctor.places import check_places
from pipelines.doctor.published import check_nights, check_published
from pipelines.doctor.readers import check_held_readers
from pipelines.doctor.retention import check_retention
from pipelines.doctor.sources import check_freshness, check_refused, check_sources
from pipelines.night.workspace import Workspace

_CHECKS: tuple[Callable[[Patient], Iterator[Finding]], ...] = (
    check_versions,
    check_time_zones,
    check_clock,
    check_permissions,
    check_private_files,
    check_secret_key,
    check_disk,
    check_lock,
    check_leftovers,
    check_dagster_settings,
    check_sources,
    check_accounts,
    check_places,
    check_alerts,
    check_published,
    check_as_of,
    check_erasures,
    check_retention,
    check_held_readers,
)


def examine(workspace: Workspace, now: datetime) -> list[Finding]:
    """Every finding. A check that cannot be carried out is itself a finding; nothing is changed."""
    settings, findings = _load_settings(workspace)
    patient = Patient(workspace, settings, now)
    for check in _CHECKS:
        findings += _carried_out(check, patient)
    standing = _standing(workspace)
    if isinstance(standing, Finding):
        return [*findings, standing]
    return [*findings, *check_nights(patient, standing), *check_refused(standing), *check_freshness(standing)]


def _load_settings(workspace: Workspace) -> tuple[Settings | None, list[Finding]]:
    try:
        settings = workspace.settings()
    except TouchlineError as error:
        return None, [fail("settings", error.what, error.remedy)]
    return settings, [fine("settings", f"{workspace.settings_file} loads, {len(settings.sources)} sources")]


def _carried_out(check: Callable[[Patient], Iterator[Finding]], patient: Patient) -> list[Finding]:
    try:
        return list(check(patient))
    except OSError as error:
        name = check.__name__.removeprefix("check_").replace("_", " ")
        place = f" ({error.filename})" if error.filename else ""
        return [
            fail(name, f"cannot be checked: {error.strerror}{place}", "Run the doctor as the owner of the workspace.")
        ]


def _standing(workspace: Workspace) -> Standing | Finding:
    try:
        return read_standing(workspace)
    except TouchlineError as error:
        return fail("standing", error.what, error.remedy)
    except Exception as error:
        return fail(
            "standing",
            f"what is published cannot be read: {str(error).splitlines()[0]}",
            "Point readers at an earlier generation (touchline rollback), or build anew: touchline run --full-refresh",
        )
