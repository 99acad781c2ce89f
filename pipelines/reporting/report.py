"""Builds the report of one generation into a folder beside its databases."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from functools import cache
from itertools import chain
from pathlib import Path

from models.settings import Settings
from pipelines.night.fingerprint import version_of
from pipelines.night.history import PastNight
from pipelines.night.whole_file import copy_file
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
from pipelines.reporting.reader import Reader, reader_of
from pipelines.reporting.render import Renderer
from sql.warehouse import open_published

ASSETS = Path(__file__).with_name("assets")


def build_report(
    crm: Path, folder: Path, settings: Settings, previous: Path | None = None, nights: Sequence[PastNight] = ()
) -> int:
    """Writes the pages of a closed generation; how many there are. `previous` is the folder of the last report, whose
    script for charts is taken over when it is of the same version: making it takes seconds. `nights` are those before,
    newest first: no database holds them."""
    folder.mkdir(parents=True, exist_ok=True)
    connection = open_published(crm)
    try:
        reader = reader_of(connection, settings, nights)
        pages = pages_of(reader)
        menu = tuple((page.place, page.title) for page in pages)
        renderer = Renderer(reader, folder, menu, _write_assets(folder, previous))
        written = 0
        for page in chain(pages, team_pages(reader), rep_pages(reader)):
            renderer.write(page)
            written += 1
    finally:
        connection.close()
    return written


def pages_of(reader: Reader) -> list[Page]:
    """The pages of the menu, in its order."""
    return [
        overview_page(reader),
        activity_page(reader),
        funnel_page(reader),
        workload_page(reader),
        turnover_page(reader),
        kpis_page(reader),
        quality_page(reader),
        dictionary_page(),
    ]


def _write_assets(folder: Path, previous: Path | None) -> str:
    """Style and scripts beside the pages; the name of the charts' script."""
    assets = folder / "assets"
    assets.mkdir(exist_ok=True)
    for path in ASSETS.iterdir():
        shutil.copyfile(path, assets / path.name)
    vega = f"vega-{version_of('vl-convert-python')}.js"
    known = None if previous is None else previous / "assets" / vega
    if known is not None and known.exists():
        copy_file(known, assets / vega)
    else:
        (assets / vega).write_text(_charts_script(), encoding="utf-8")
    return f"assets/{vega}"


@cache
def _charts_script() -> str:
    """Vega, Vega-Lite and Vega-Embed as one script: seconds of work, once a process."""
    import vl_convert

    return vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
