"""Whether somebody is still to be forgotten, and whether the registry can be read."""

from __future__ import annotations

from collections.abc import Iterator

from models.errors import TouchlineError
from pipelines.doctor.finding import Finding, Patient, fail, fine, warn
from pipelines.night.erasing.forget import registry_of, standing_erasures


def check_erasures(patient: Patient) -> Iterator[Finding]:
    """Orders to forget that wait, and erasures that a killed night left half done."""
    try:
        registry = registry_of(patient.workspace)
        standing = standing_erasures(patient.workspace)
    except TouchlineError as error:
        yield fail("erasures", error.what, error.remedy)
        return
    if standing.waiting:
        yield warn(
            "erasures", f"{len(standing.waiting)} orders to forget somebody wait", "Carry them out: touchline run"
        )
    if standing.unfinished:
        yield fail(
            "erasures",
            "a generation from before an erasure, or another file that names the person, still stands",
            "Finish what a killed night began: touchline run",
        )
    if registry is not None and not (standing.waiting or standing.unfinished):
        yield fine("erasures", f"{len(registry.erasures)} people were forgotten, nothing is left to do")
