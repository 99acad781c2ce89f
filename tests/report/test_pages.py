"""What holds of every page, whatever it shows."""

from contextlib import closing
from itertools import chain

import pytest
from altair.utils.schemapi import validate_jsonschema
from altair.vegalite.v6.schema.core import load_schema
from jsonschema import ValidationError

from models.settings import load_settings
from pipelines.reporting.facts import facts_of
from pipelines.reporting.pages.reps import rep_pages
from pipelines.reporting.pages.teams import team_pages
from pipelines.reporting.parts import Chart
from pipelines.reporting.reader import reader_of
from pipelines.reporting.report import MENU, pages_of_tables, pages_of_the_night
from sql.warehouse import open_published


@pytest.fixture(scope="module")
def reader(storied_demo):
    with closing(open_published(storied_demo.published_file.resolve())) as connection:
        yield reader_of(connection, load_settings(storied_demo.settings_file, {}))


@pytest.fixture(scope="module")
def pages(reader):
    return list(chain(pages_of_the_night(reader), pages_of_tables(reader), team_pages(reader), rep_pages(reader)))


def parts_of(page):
    return [part for section in page.sections for part in section.parts if not isinstance(part, tuple)]


def repeated(names):
    return {name for name in names if names.count(name) > 1}


def test_the_menu_names_every_page_that_is_not_of_one_team_or_rep(pages):
    assert sorted(MENU) == sorted((page.place, page.title) for page in pages if "/" not in page.place)


def test_no_two_views_of_a_page_share_a_name(pages):
    """Its script finds a view by its name."""
    for page in pages:
        views = {id(part.view): part.view.name for part in parts_of(page)}
        assert repeated(list(views.values())) == set(), page.place


def test_every_chart_is_what_vega_lite_calls_one(pages):
    """None is held against the schema when it is made."""
    specs = [part.spec for page in pages for part in parts_of(page) if isinstance(part, Chart)]
    assert len(specs) > 20
    for spec in specs:
        validate_jsonschema(spec, load_schema())
    with pytest.raises(ValidationError):
        validate_jsonschema({**specs[0], "encoding": {"x": {"field": "day", "type": "temporary"}}}, load_schema())


def test_no_two_charts_of_a_page_share_a_key(pages):
    """Its script finds a specification by it."""
    for page in pages:
        assert repeated([part.key for part in parts_of(page) if isinstance(part, Chart)]) == set(), page.place


def test_facts_stand_in_the_same_order_whenever_they_are_written(pages, reader):
    for page in pages[:8]:
        assert len({facts_of(page, reader) for _ in range(5)}) == 1, page.place


def test_no_two_pages_share_a_place(pages):
    assert len(pages) > 20
    assert repeated([page.place for page in pages]) == set()


def test_the_report_of_the_demo_stays_light(demo_report):
    """Here 24 reps and half a year; the same pages of 60 reps and two years add half a megabyte and must stay below 3 MB."""
    assert sum(path.stat().st_size for path in demo_report.rglob("*") if path.is_file()) < 2_400_000


def test_figures_of_people_who_count_as_reps_do_not_say_everyone_on_the_roster(pages):
    intros = {(page.place, section.title): section.intro for page in pages for section in page.sections}
    assert intros["activity.html", "In all"].startswith("Everyone who counts as a rep,")
    assert ", everyone who counts as a rep, " in intros["index.html", "The last complete week"]
