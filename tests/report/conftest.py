"""The report of the demo company, and a browser to read it with."""

from __future__ import annotations

import os
import shutil

import pytest

from models.settings import Report, load_settings
from pipelines.reporting.report import build_report
from sql.warehouse import open_published
from tests.runs.conftest import Office, made_once, office, open_office, storied_demo  # noqa: F401

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
SCREENS = os.environ.get("TOUCHLINE_SCREENS")
"""A folder for a picture of every page that a test opens; none without it."""


@pytest.fixture(scope="session")
def report_of(tmp_path_factory):
    """Writes the report of a workspace's published generation; gives its folder. The charts' script is made once."""
    first = []

    def write(workspace, **chosen):
        folder = tmp_path_factory.mktemp("report")
        settings = load_settings(workspace.settings_file, {})
        settings = settings.model_copy(update={"report": Report(**chosen)})
        build_report(workspace.published_file.resolve(), folder, settings, first[0] if first else None)
        first.append(folder)
        return folder

    return write


@pytest.fixture(scope="session")
def demo_report(storied_demo, report_of):  # noqa: F811
    """The demo company's."""
    return report_of(storied_demo)


@pytest.fixture(scope="session")
def report_in(storied_demo, report_of, demo_report):  # noqa: F811
    """The demo company's in a language; each is written once."""
    written = {"en": demo_report}

    def of(language):
        if language not in written:
            written[language] = report_of(storied_demo, language=language)
        return written[language]

    return of


@pytest.fixture(scope="session")
def ask(storied_demo):  # noqa: F811
    """Asks what the demo company published."""
    with open_published(storied_demo.published_file) as connection:
        yield lambda sql, *values: connection.execute(sql, list(values)).fetchall()


@pytest.fixture(scope="session")
def chromium():
    """Debian's Chromium, driven by playwright."""
    from playwright.sync_api import sync_playwright

    assert CHROMIUM, "No Chromium is installed: make test-browser installs Debian's, or set CHROMIUM to its path"
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


class Read:
    """A page that is open, and everything that went wrong while it was."""

    def __init__(self, browser, **options):
        self.context = browser.new_context(viewport={"width": 1280, "height": 900}, **options)
        self.page = self.context.new_page()
        self.faults, self.warnings, self.requests = [], [], []
        said_by = {"error": self.faults, "warning": self.warnings}
        self.page.on("console", lambda said: said_by.get(said.type, []).append(said.text))
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))

    def open(self, path, fragment=""):
        self.page.goto(f"{path.as_uri()}{fragment}")
        self.page.wait_for_selector("html[data-ready]", state="attached")
        return self

    def draw_charts(self):
        """Every chart is drawn once it is near what is seen."""
        for chart in self.page.query_selector_all("[data-chart]"):
            chart.evaluate("one => one.scrollIntoView()")
            chart.evaluate("one => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        self.page.wait_for_function("[...document.querySelectorAll('[data-chart]')].every(one => one.dataset.drawn)")
        if SCREENS:
            name = self.page.url.rsplit("/report", 1)[-1].partition("#")[0].replace("/", "_")
            self.page.screenshot(path=f"{SCREENS}/{name}.png", full_page=True)
        return self

    def choose(self, **wanted):
        for name, value in wanted.items():
            self.page.select_option(f"#filters [name={name}]", value)
        return self

    def figure(self, name):
        return self.page.inner_text(f"[data-measure='{name}'], [data-figure='{name}']")

    def table(self, view):
        """The rows that are shown of a view, as they are read."""
        return self.page.eval_on_selector(
            f"table[data-view='{view}']",
            "table => [...table.tBodies[0].rows].map(row => [...row.cells].map(cell => cell.textContent.trim()))",
        )


@pytest.fixture
def read(chromium):
    """Opens pages; each reader has a profile of its own."""
    opened = []

    def new(**options):
        opened.append(Read(chromium, **options))
        return opened[-1]

    yield new
    for one in opened:
        one.context.close()
