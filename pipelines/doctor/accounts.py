"""Accounts of API sources: whether we get in, and which scope is missing; and windows that wait to be finished."""

from __future__ import annotations

import os
from collections.abc import Iterator

from models.errors import SettingsError
from models.settings import Source
from pipelines.doctor.finding import Finding, Patient, fail, fine, warn
from pipelines.night.fetch import shelf_of
from pipelines.sources.connectors import connect
from pipelines.sources.extraction.pages import Connector


def check_accounts(patient: Patient) -> Iterator[Finding]:
    """Tries each account's credentials and scopes with the cheapest requests there are."""
    for source in patient.settings.sources if patient.settings is not None else ():
        if source.api is None:
            continue
        try:
            connector = connect(source, os.environ)
        except SettingsError as error:
            yield fail(f"source {source.name}", error.what, error.remedy)
            continue
        try:
            yield from _probe(source, connector)
            yield from _open_windows(patient, source, connector)
        finally:
            connector.close()


def _probe(source: Source, connector: Connector) -> Iterator[Finding]:
    passed: list[str] = []
    for probe in connector.probes():
        if probe.problem is None:
            passed.append(probe.what)
        else:
            yield fail(f"source {source.name}", f"{probe.what}: {probe.problem}", probe.remedy)
    if passed:
        yield fine(f"source {source.name}", f"in order: {', '.join(passed)}")


def _open_windows(patient: Patient, source: Source, connector: Connector) -> Iterator[Finding]:
    """A window that was begun: normal during a first load, a sign of trouble when it stays."""
    begun = {one.name: shelf_of(patient.workspace, source.name, one).open_window() for one in connector.objects()}
    for name, window in begun.items():
        if window is not None:
            yield warn(
                f"source {source.name}",
                f"{name} is fetched in part, up to {window.until:%Y-%m-%d %H:%M} UTC",
                "The next night goes on where it stopped: touchline run",
            )
