"""What a reader sees in a browser: the marts' figures, filters that add up the same facts, no fault and no request."""

import csv
import io

import pytest

from pipelines.reporting.words import LANGUAGES

pytestmark = pytest.mark.browser


def pages(folder):
    return sorted(folder.rglob("*.html"))


def one_of_each_kind(folder):
    """The pages of the menu, a team's and a rep's: what differs between teams is no matter of language."""
    return [*sorted(folder.glob("*.html")), pages(folder / "teams")[0], pages(folder / "reps")[0]]


def test_every_page_opens_without_a_fault_and_asks_nobody(demo_report, read):
    assert len(pages(demo_report)) >= 2
    reader = read()
    for page in pages(demo_report):
        reader.open(page).draw_charts()
    assert reader.faults == []
    assert {url.split(":")[0] for url in reader.requests} == {"file"}
    assert all(url.startswith(demo_report.as_uri()) for url in reader.requests)


def test_every_link_leads_to_a_place_that_is_there(demo_report, read):
    reader = read()
    lost = []
    for page in pages(demo_report):
        links = reader.open(page).page.eval_on_selector_all("a[href]", "links => links.map(link => link.href)")
        for link in set(links):
            place, _, anchor = link.removeprefix(demo_report.as_uri() + "/").partition("#")
            target = demo_report / place
            if not target.is_file() or (anchor and f'id="{anchor}"' not in target.read_text(encoding="utf-8")):
                lost.append((page.name, link))
    assert lost == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_a_filter_leaves_is_what_the_mart_says(report_in, read, ask, language):
    reader = read().open(report_in(language) / "activity.html").choose(rep_type="inside", period="91")
    found = ask(
        """
        select sum(a.touches)::bigint, sum(a.calls)::bigint
        from marts.rep_activity_daily as a
        join core.dim_date as d on a.activity_date = d.date_day
        cross join core.parameter as p
        where a.rep_type = 'inside' and d.week_start > p.as_of_date - 91
        """
    )[0]
    group = "." if language == "tr" else ","
    shown = [f"{figure:,}".replace(",", group) for figure in found]
    assert [reader.figure("touches"), reader.figure("calls")] == shown
    assert found[0] > 1000
    reader.page.click("button[type=reset]")
    whole = f"{ask('select sum(touches)::bigint from marts.rep_activity_daily')[0][0]:,}".replace(",", group)
    reader.page.wait_for_function(f"document.querySelector('[data-measure=touches]').textContent === '{whole}'")


def test_rates_are_of_the_sums_that_are_left(demo_report, read, ask):
    reader = read().open(demo_report / "activity.html").choose(team="Inside Sales", period="91")
    rate = ask(
        """
        select
            (select sum(a.calls) from marts.rep_activity_daily as a join core.dim_date as d on a.activity_date = d.date_day
                where a.team = 'Inside Sales' and d.week_start > p.as_of_date - 91)
            / (select count(*) from core.fct_rep_day as r join core.dim_date as d on r.date_day = d.date_day
                where r.team = 'Inside Sales' and r.is_counted and r.is_workday and d.week_start > p.as_of_date - 91)
        from core.parameter as p
        """
    )[0][0]
    shown = float(reader.figure("calls_per_rep_workday"))
    assert shown == pytest.approx(rate, abs=0.005)


def test_a_filter_travels_with_the_link(demo_report, read):
    reader = read().open(demo_report / "activity.html").choose(rep_type="outside")
    filtered = reader.figure("touches")
    again = read().open(demo_report / "activity.html", "#rep_type=outside")
    assert again.figure("touches") == filtered


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_the_file_shows_is_what_its_script_shows(report_in, read, language):
    """Babel writes the page, the browser's Intl writes what a filter leaves: to a reader they are one."""
    reader = read()
    for page in one_of_each_kind(report_in(language)):
        reader.open(page)
        reader.page.evaluate(
            "document.querySelectorAll('#filters ~ section details').forEach(one => { one.open = true; })"
        )
        before = reader.page.inner_text("main")
        if reader.page.query_selector("#filters") is None:
            continue
        reader.page.click("button[type=reset]")
        reader.page.wait_for_timeout(0)
        assert reader.page.inner_text("main") == before, page.name


def test_a_csv_holds_the_rows_of_its_table(demo_report, read, ask):
    reader = read().open(demo_report / "activity.html").choose(rep_type="hybrid")
    reader.page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    with reader.page.expect_download() as saved:
        reader.page.click("[data-csv='activity_by_week']")
    rows = list(csv.DictReader(io.StringIO(saved.value.path().read_text(encoding="utf-8-sig"))))
    found = ask(
        """
        select d.week_start::varchar, sum(a.touches)::bigint from marts.rep_activity_daily as a
        join core.dim_date as d on a.activity_date = d.date_day
        where a.rep_type = 'hybrid' group by 1 having sum(a.touches) > 0
        """
    )
    assert {row["week_start"]: int(row["touches"]) for row in rows if row["touches"] != "0"} == dict(found)
    assert {row["rep_type"] for row in rows} == {"hybrid"}


@pytest.mark.parametrize(("language", "scheme"), [("en", "light"), ("en", "dark"), ("ar", "light")])
def test_axe_finds_nothing_serious(report_in, read, language, scheme):
    from axe_playwright_python.sync_playwright import Axe

    reader, found = read(color_scheme=scheme), []
    for page in sorted(report_in(language).glob("*.html")):
        if language != "en" and page.name == "dictionary.html":
            continue  # its thousands of cells are most of the time, and English in every language
        reader.open(page).draw_charts()
        faults = Axe().run(reader.page).response["violations"]
        found += [
            (page.name, fault["id"], fault["nodes"][0]["html"][:150])
            for fault in faults
            if fault["impact"] in ("serious", "critical")
        ]
    assert found == []


def test_without_scripts_every_figure_is_there(demo_report, read, ask):
    reader = read(java_script_enabled=False)
    reader.page.goto((demo_report / "activity.html").as_uri())
    whole = ask("select sum(touches)::bigint from marts.rep_activity_daily")[0][0]
    assert reader.figure("touches") == f"{whole:,}"


@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_phone_shows_no_page_wider_than_itself_and_a_header_of_two_lines(report_in, read, language):
    reader = read()
    reader.page.set_viewport_size({"width": 375, "height": 800})
    for page in one_of_each_kind(report_in(language)):
        reader.open(page).draw_charts()
        width = reader.page.evaluate("document.documentElement.scrollWidth")
        assert width <= 375, page.name
        assert reader.page.evaluate("document.querySelector('header').offsetHeight") <= 100, page.name
    assert reader.warnings == []
