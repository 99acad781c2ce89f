"""The dictionary in a browser: its search, and its pictures of what a table is made from."""

import pytest

pytestmark = pytest.mark.browser


def test_a_search_leaves_what_it_names(demo_report, read):
    reader = read().open(demo_report / "dictionary.html")
    reader.page.fill("#wanted", "marts.sales_kpi win_rate")
    left = reader.page.eval_on_selector_all(
        ".entry:not([hidden]) tbody tr:not([hidden])", "rows => rows.map(row => row.id)"
    )
    assert left == ["marts.sales_kpi.win_rate", "marts.sales_kpi.win_rate_by_amount"]
    assert reader.page.is_hidden("[id='core.fct_activity']")
    reader.page.evaluate("location.hash = 'core.fct_activity.is_touch'")
    reader.page.wait_for_selector("[id='core.fct_activity.is_touch']", state="visible")


def test_a_picture_leads_from_the_field_to_the_mart(demo_report, read):
    reader = read().open(demo_report / "dictionary.html")
    picture = "[data-picture='marts.rep_activity_daily']"
    reader.page.click(f"{picture} summary")
    reader.page.select_option(f"{picture} select", "touches")
    boxes = reader.page.eval_on_selector_all(
        f"{picture} svg a",
        "links => links.map(link => [link.getAttribute('href'), link.querySelector('rect').x.baseVal.value])",
    )
    across = {href.removeprefix("#"): x for href, x in boxes}
    assert across["landing.activities"] < across["core.latest_activities"] < across["core.fct_activity"]
    assert across["core.fct_activity"] < across["marts.rep_activity_daily"] == max(across.values())
    assert reader.faults == []
