"""Builds the report of one generation into a folder beside its databases."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Any

from models.settings import Settings
from pipelines.night.history import PastNight
from pipelines.night.whole_file import copy_file
from pipelines.reporting.charts_script import ASSETS, charts_script, script_place
from pipelines.reporting.pages.activity import activity_page
from pipelines.reporting.pages.dictionary import dictionary_page
from pipelines.reporting.pages.funnel import funnel_page
from pipelines.reporting.pages.kpis import kpis_page
from pipelines.reporting.pages.overview import overview_page
from pipelines.reporting.pages.quality import quality_page
from pipelines.reporting.pages.reps import rep_pages
from pipelines.reporting.pages.teams import team_pages
from pipelines.reporting.pages.turnover import turnover_page
from pipelines.reporting.pages.workload import workload_page
from pipelines.reporting.parts import Page
from pipelines.reporting.reader import Reader, reader_of, reader_of_build
from pipelines.reporting.render import Renderer
from sql.warehouse import open_published

_SHIPPED = Path(__file__).with_name("assets")

MENU = (
    ("index.html", "Overview"),
    ("activity.html", "Activity"),
    ("funnel.html", "Funnel"),
    ("workload.html", "Workload"),
    ("turnover.html", "Turnover"),
    ("kpis.html", "KPIs"),
    ("quality.html", "Data quality"),
    ("dictionary.html", "Dictionary"),
)
"""Places and titles of the pages that every page links to, in their order."""


@dataclass
class ReportWriter:
    """Writes the pages of one build into a folder in two parts, the first of them while its checks are still asked.

    `previous` is the folder of the last report, whose script for charts is taken over when it is of the same version;
    otherwise `script` is asked for it.
    """

    crm: Path
    folder: Path
    settings: Settings
    previous: Path | None = None
    script: Callable[[], str] = charts_script
    _known: dict[str, Any] = field(default_factory=dict, repr=False)

    def write_of_tables(self, generation: int, as_of: datetime) -> int:
        """The pages that say what the tables do, one for each rep and team among them; how many there are."""
        with self._opened(generation, as_of, ()) as reader:
            return self._write(reader, chain(pages_of_tables(reader), team_pages(reader), rep_pages(reader)))

    def write_of_the_night(self, generation: int, as_of: datetime, nights: Sequence[PastNight] = ()) -> int:
        """The others, once the books are closed, and what all of them need; `nights` are those before, newest first: no
        database holds them."""
        with self._opened(generation, as_of, nights) as reader:
            written = self._write(reader, pages_of_the_night(reader))
        self._write_assets()
        return written

    @contextmanager
    def _opened(self, generation: int, as_of: datetime, nights: Sequence[PastNight]) -> Iterator[Reader]:
        """A reader of the build that knows what the one before asked for."""
        connection = open_published(self.crm)
        try:
            yield replace(reader_of_build(connection, self.settings, generation, as_of, nights), known=self._known)
        finally:
            connection.close()

    def _write(self, reader: Reader, pages: Iterable[Page]) -> int:
        self.folder.mkdir(parents=True, exist_ok=True)
        renderer = Renderer(reader, self.folder, MENU, script_place())
        written = 0
        for page in pages:
            renderer.write(page)
            written += 1
        return written

    def _write_assets(self) -> None:
        """Style and scripts beside the pages."""
        assets = self.folder / ASSETS
        assets.mkdir(exist_ok=True)
        for path in _SHIPPED.iterdir():
            shutil.copyfile(path, assets / path.name)
        script = self.folder / script_place()
        known = None if self.previous is None else self.previous / script_place()
        if known is not None and known.exists():
            copy_file(known, script)
        else:
            script.write_text(self.script(), encoding="utf-8")


def build_report(
    crm: Path, folder: Path, settings: Settings, previous: Path | None = None, nights: Sequence[PastNight] = ()
) -> int:
    """Writes the whole report of a closed generation; how many pages there are."""
    with open_published(crm) as connection:
        reader = reader_of(connection, settings)
    writer = ReportWriter(crm, folder, settings, previous)
    written = writer.write_of_tables(reader.generation, reader.as_of)
    return written + writer.write_of_the_night(reader.generation, reader.as_of, nights)


def pages_of_tables(reader: Reader) -> list[Page]:
    """Those of the menu that say nothing of tonight's checks."""
    return [
        activity_page(reader),
        funnel_page(reader),
        workload_page(reader),
        turnover_page(reader),
        kpis_page(reader),
        dictionary_page(),
    ]


def pages_of_the_night(reader: Reader) -> list[Page]:
    """Those of the menu that say what the checks found."""
    return [overview_page(reader), quality_page(reader)]
