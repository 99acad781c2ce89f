"""The report of a closed build, written beside its databases, so that one rename publishes both.

A report that cannot be written stops no numbers: the night says so, and a page says so where the report would be.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from html import escape

from models.personal import masked
from models.settings import Settings
from pipelines.night.generation import Generation
from pipelines.night.history import PastNight

FOLDER = "report"
NIGHTS = 90
"""As many nights back show whether they grow slower."""


def write_report(
    build: Generation, settings: Settings, previous: Generation | None, nights: Sequence[PastNight]
) -> str | None:
    """Writes `report/` of the build; the note for people when that failed. `nights` are those before, newest first."""
    from pipelines.reporting.report import build_report

    folder = build.folder / FOLDER
    try:
        build_report(build.crm, folder, settings, previous.folder / FOLDER if previous else None, nights)
    except OSError:
        raise  # the disk: then the night cannot be published either
    except Exception as error:
        what = f"The report could not be written: {masked(str(error))[:300]}. The tables are published all the same."
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        page = f"<!doctype html><meta charset=utf-8><title>No report</title><p>{escape(what)}</p>"
        (folder / "index.html").write_text(page, encoding="utf-8")
        return f"{what} Report it as a fault, or set report.enabled: false."
    return None
