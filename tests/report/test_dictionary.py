"""The dictionary's page: every figure's definition is there, with formula, command and origin; it is of no data."""

import re
from html import unescape

import pytest

from models.settings import load_settings
from pipelines.night.shipped import shipped_catalogue
from pipelines.reporting.definitions import define
from pipelines.reporting.dictionary import dictionary_tables
from pipelines.reporting.parts import Field, Measure
from pipelines.reporting.reader import reader_of
from pipelines.reporting.report import pages_of_tables, pages_of_the_night
from sql.metrics import declared_metrics
from sql.origins import LANDING, shipped_origins
from sql.warehouse import open_published
from tests.runs.conftest import storied_demo  # noqa: F401


def entries():
    return {entry.id: entry for table in dictionary_tables() for entry in table.entries}


@pytest.fixture(scope="session")
def html(demo_report):
    return (demo_report / "dictionary.html").read_text(encoding="utf-8")


def row(html, entry):
    found = re.search(rf'<tr id="{re.escape(entry)}">(.*?)(?=<tr |</table>)', html, re.DOTALL)
    return unescape(re.sub("<[^>]+>", "", found[1]))


def test_every_published_column_and_every_metric_has_an_entry():
    published = {
        f"{table}.{column.name}"
        for table, spec in shipped_catalogue().specs().items()
        if spec.schema_name != "staging"
        for column in spec.columns
    }
    metrics = {f"{one.spec.table}.{name}" for name, one in declared_metrics(shipped_catalogue()).items()}
    assert published | metrics <= entries().keys()


def test_every_definition_that_a_page_shows_is_in_the_dictionary(storied_demo):  # noqa: F811
    with open_published(storied_demo.published_file.resolve()) as connection:
        reader = reader_of(connection, load_settings(storied_demo.settings_file, {}))
        pages = [*pages_of_the_night(reader), *pages_of_tables(reader)]
        shown = {
            one.defined
            for page in pages
            for view in page.views
            for one in view.columns
            if isinstance(one, Field | Measure) and one.defined
        }
        cards = {
            card.defined
            for page in pages
            for section in page.sections
            for part in section.parts
            if isinstance(part, tuple)
            for card in part
        }
    assert shown and cards
    assert {define(one).place.partition("#")[2] for one in shown | cards} <= entries().keys()


def test_an_entry_says_formula_null_command_and_origin(html):
    said = row(html, "marts.rep_activity_daily.touches")
    metric = declared_metrics(shipped_catalogue())["touches"].metric
    assert " ".join(metric.formula.split()) in said
    assert "touchline explain marts.rep_activity_daily --key rep_id=… --key activity_date=… --metric touches" in said
    assert "core.fct_activity: is_touch" in said


def test_a_metric_that_always_has_a_value_says_no_more(html):
    assert "NULL" not in row(html, "marts.lead_funnel.meeting_held_cumulative_rate")
    assert "NULL" in row(html, "marts.sales_kpi.win_rate")


def test_a_metric_that_is_a_row_of_a_long_table_has_an_entry_of_its_own(html):
    said = row(html, "marts.sales_kpi.win_rate")
    assert "touchline explain marts.sales_kpi" in said and "--metric win_rate" in said


def test_origins_lead_down_to_what_sources_deliver():
    """Every mart's columns reach a field of a contract, those of settings and of the calendar apart."""
    reached, waiting = set(), [("marts.rep_activity_daily", "touches")]
    while waiting:
        table, column = waiting.pop()
        if (table, column) not in reached:
            reached.add((table, column))
            origins = shipped_origins().get(table, {}).get(column, {})
            waiting += [(origin, one) for origin, named in origins.items() for one in named]
    fields = {f"{table}.{column}" for table, column in reached if table.startswith(LANDING)}
    assert {"landing.activities.channel", "landing.activities.status", "landing.activities.occurred_at"} <= fields
    assert fields <= entries().keys()


def test_every_id_stands_once_and_the_page_stays_small(html):
    ids = re.findall(r' id="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    assert len(html.encode()) < 420_000
