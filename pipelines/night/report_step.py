"""The report of a build, written beside its databases, so that one rename publishes both.

Pages that say what the tables do are written while the build is judged, the others when its books are closed. A report that
cannot be written stops no numbers: the night says so, and a page says so where the report would be.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from models.personal import masked
from models.settings import Settings
from pipelines.night.generation import Generation
from pipelines.night.history import PastNight

if TYPE_CHECKING:
    from pipelines.night.plan import NightRequest
    from pipelines.reporting.report import ReportWriter

FOLDER = "report"
NIGHTS = 90
"""As many nights back show whether they grow slower."""


@dataclass
class NightReport:
    """The report of one night; what went wrong with it is kept until the end."""

    request: NightRequest
    settings: Settings
    previous: Path | None
    script: Callable[[], str]
    _writer: ReportWriter | None = None
    _error: Exception | None = field(default=None, repr=False)

    def write_of_tables(self, build: Generation) -> None:
        """The pages that need no verdict, of a build whose databases are closed."""
        with self._kept():
            from pipelines.reporting.report import ReportWriter

            self._writer = ReportWriter(build.crm, build.folder / FOLDER, self.settings, self.previous, self.script)
            self._writer.write_of_tables(build.number, self.request.as_of)

    def finish(self, build: Generation, nights: Sequence[PastNight]) -> str | None:
        """The other pages; the note for people when one could not be written. `nights` are those before, newest first."""
        if self._writer is not None and self._error is None:
            with self._kept():
                self._writer.write_of_the_night(build.number, self.request.as_of, nights)
        if self._error is None:
            return None
        what = (
            f"The report could not be written: {masked(str(self._error))[:300]}. The tables are published all the same."
        )
        folder = build.folder / FOLDER
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        page = f"<!doctype html><meta charset=utf-8><title>No report</title><p>{escape(what)}</p>"
        (folder / "index.html").write_text(page, encoding="utf-8")
        return f"{what} Report it as a fault, or set report.enabled: false."

    @contextmanager
    def _kept(self) -> Iterator[None]:
        try:
            yield
        except OSError:
            raise  # the disk: then the night cannot be published either
        except Exception as error:
            self._error = error


@contextmanager
def night_report(
    request: NightRequest, settings: Settings, previous: Generation | None
) -> Iterator[NightReport | None]:
    """The report of a night that begins to build; None when there is to be none.

    Its libraries are imported and the charts' script is made while DuckDB loads.
    """
    if request.dry_run or not settings.report.enabled:
        yield None
        return
    from pipelines.reporting.charts_script import script_aside

    before = previous.folder / FOLDER if previous else None
    with ThreadPoolExecutor(1) as aside, script_aside(before) as script:
        aside.submit(import_module, "pipelines.reporting.report")
        yield NightReport(request, settings, before, script)
