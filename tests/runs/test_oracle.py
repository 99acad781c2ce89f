"""Figures of the demo company, recomputed over its files by a program that shares nothing with the pipeline."""

import pytest

from pipelines.demo import DEMO_AS_OF, demo_settings, write_demo
from tests.oracles.activity_oracle import figures

QUERIES = {
    "touches": "select rep_id, activity_date, touches from marts.rep_activity_daily where touches > 0",
    "meetings_booked": "select rep_id, activity_date, meetings_booked from marts.rep_activity_daily where meetings_booked > 0",
    "calls_connected": "select rep_type, period_start, calls_connected from marts.rep_type_activity"
    " where period_grain = 'month' and calls_connected > 0",
    "meetings_held": "select rep_type, period_start, meetings_held from marts.rep_type_activity"
    " where period_grain = 'week' and meetings_held > 0",
    "contacts_touched": "select rep_type, period_start, contacts_touched from marts.rep_type_activity"
    " where period_grain = 'month' and contacts_touched > 0",
    "rep_workdays": "select rep_type, period_start, rep_workdays from marts.rep_type_activity"
    " where period_grain = 'month' and rep_workdays > 0",
    "after_hours_touches": "select rep_id, date_trunc('month', activity_date)::date, sum(after_hours_touches)"
    " from marts.rep_activity_daily group by 1, 2 having sum(after_hours_touches) > 0",
    "talk_seconds": "select team, sum(talk_seconds) from marts.rep_activity_daily group by 1 having sum(talk_seconds) > 0",
}


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    from tests.runs.conftest import Office

    office = Office(tmp_path_factory.mktemp("demo") / "workspace", demo_settings())
    inbox = office.workspace.home / "inbox" / "crm"
    dialer = inbox.parent / "dialer"
    write_demo(inbox, reps=10, days=70, seed=3, dialer=dialer)
    office.night(as_of=DEMO_AS_OF)
    return office, figures(inbox, DEMO_AS_OF, "America/New_York", dialer)


@pytest.mark.parametrize("figure", QUERIES)
def test_a_figure_equals_its_independent_recomputation(demo, figure):
    office, expected = demo
    found = {_key(row[:-1]): int(row[-1]) for row in office.query(QUERIES[figure])}
    assert found == {_key(key): number for key, number in expected[figure].items()}
    assert found


def test_every_file_is_accounted_for_as_recomputed(demo):
    office, expected = demo
    names = ("rows_read", "rows_accepted", "rows_duplicate", "rows_superseded", "rows_quarantined", "rows_ignored")
    rows = office.query(f"select file_name, {', '.join(names)} from ops.load_accounting")
    found = {name: {place: n for place, n in zip(names, counts, strict=True) if n} for name, *counts in rows}
    assert found == {
        name: {place: n for place, n in counts.items() if n} for name, counts in expected["accounting"].items()
    }


def _key(key):
    return tuple(key) if isinstance(key, tuple) else (key,)
