"""The data quality page: every figure is that of the ledger's tables, and what is hostile in them stays text."""

import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import duckdb
import pytest

from models.settings import load_settings
from pipelines.night.history import PastNight
from pipelines.reporting.pages.quality import quality_page
from pipelines.reporting.reader import reader_of
from pipelines.reporting.report import build_report
from sql.warehouse import open_published
from tests.runs.conftest import storied_demo  # noqa: F401

HOSTILE = "</script><img src=x onerror=alert(1)>.csv"
NIGHT = PastNight(
    datetime(2026, 6, 28, 3, 15, tzinfo=UTC), "published", datetime(2026, 6, 28, 3, 15, tzinfo=UTC), "r", 7, 0, 12.5,
    3, 100, 90, 4, 1, None,
)  # fmt: skip
NIGHTS = (replace(NIGHT, started_at=NIGHT.started_at + timedelta(days=1), seconds=30.0, status="failed", generation=None), NIGHT)  # fmt: skip


def page_of(database, settings_file, nights=()):
    with open_published(database.resolve()) as connection:
        return quality_page(reader_of(connection, load_settings(settings_file, {}), nights))


def rows(page, view):
    """Of a view, as tuples of the columns that it shows."""
    found = next(one for one in page.views if one.name == view)
    return [tuple(row[column.name] for column in found.columns) for row in found.rows]


def empty(page, title):
    return next(section for section in page.sections if section.title == title)


@pytest.fixture(scope="module")
def page(storied_demo):  # noqa: F811
    return page_of(storied_demo.published_file, storied_demo.settings_file, NIGHTS)


@pytest.fixture(scope="module")
def troubled(storied_demo, tmp_path_factory):  # noqa: F811
    """The demo's published file after a bad night: a refused file, failed checks, restated figures, silent sources."""
    file = tmp_path_factory.mktemp("troubled") / "crm.duckdb"
    shutil.copyfile(storied_demo.published_file.resolve(), file)
    with duckdb.connect(str(file)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        refused = "insert into ops.load by name select * replace ({} as load_id, 'refused' as status, ? as file_name, ? as reason, 'Mend it.' as remedy, {}) from ops.load limit 1"
        connection.execute(refused.format("'000001-9998'", "null as discarded_at"), [HOSTILE, "header: <b>no</b> id"])
        connection.execute(refused.format("'000001-9999'", "now() as discarded_at"), ["dismissed.csv", "header"])
        connection.execute(
            "insert into ops.load by name select * replace ('000001-9997' as load_id, 'refused' as status, 'late.csv' as file_name) from ops.load limit 1"
        )
        connection.execute(
            "insert into ops.load by name select * replace ('000002-0001' as load_id, 'accepted' as status) from ops.load where load_id = '000001-9997'"
        )
        connection.execute(
            "update ops.check_result set passed = false, failing_rows = 3, sample = ? where table_name = 'core.activity_copy' and kind = 'rule' and check_name = 'grain_is_unique'",
            [HOSTILE],
        )
        restated = "insert into ops.restatement values ('marts.a', ?, 'calls', '1', '2', ?, ?, ?)"
        for key, load, cause, generation in (
            ("k1", "000001-0001", "load", 1), ("k1", None, "as_of", 1), ("k2", "000001-0001", "load", 1), ("k1", "x", "load", 0),
        ):  # fmt: skip
            connection.execute(restated, [key, load, cause, generation])
        connection.execute("insert into ops.source select * replace ('<i>silent</i>' as source, null as newest_event_at) from ops.source limit 1")  # fmt: skip
        connection.execute("update quarantine.rejected set replayed_at = now() where rule = 'too_long'")
        connection.execute("update quarantine.rejected set discarded_at = now() where rule = 'unit'")
    return file


def test_every_row_that_was_read_is_in_one_of_the_others(page, ask):
    sums = "sum(rows_read), sum(rows_accepted), sum(rows_duplicate), sum(rows_superseded), sum(rows_quarantined), sum(rows_ignored), sum(rows_erased)"
    assert rows(page, "accounting_by_entity") == ask(
        f"select source, entity, {sums} from ops.load_accounting group by all order by all"
    )
    assert rows(page, "accounting_all") == ask(f"select {sums} from ops.load_accounting")
    read, *others = rows(page, "accounting_all")[0]
    assert read == sum(others) > 0


def test_the_bars_are_shares_of_the_rows_that_were_read(page, ask):
    shares = {}
    for delivered, fate, share, count in rows(page, "fates"):
        source, entity = delivered.split(" · ")
        found = ask(
            f"select sum(rows_{fate}), sum(rows_{fate}) / sum(rows_read) from ops.load_accounting where source = ? and entity = ?",
            source,
            entity,
        )[0]
        assert (count, share) == (found[0], pytest.approx(found[1]))
        shares.setdefault(delivered, []).append(share)
    assert all(sum(each) == pytest.approx(1) and len(each) == 6 for each in shares.values())


def test_the_first_sentence_says_the_same_figures(page, ask):
    read, quarantined = ask("select sum(rows_read), sum(rows_quarantined) from ops.load_accounting")[0]
    assert f"Of {read:,} rows read," in page.sections[0].intro
    assert f" {quarantined:,} stand in quarantine" in page.sections[0].intro


def test_quarantine_by_rule_holds_what_is_open(page, ask, troubled, storied_demo):  # noqa: F811
    sql = "select rule, count(*) from quarantine.rejected group by all order by all"
    assert rows(page, "quarantine_by_rule") == ask(sql)
    assert sum(row[-1] for row in rows(page, "quarantine_by_field")) == sum(count for _, count in ask(sql))
    left = rows(page_of(troubled, storied_demo.settings_file), "quarantine_by_rule")
    assert left == [row for row in ask(sql) if row[0] not in ("too_long", "unit")] != ask(sql)


def test_a_source_is_stale_past_the_hours_that_settings_allow(page, ask, troubled, storied_demo):  # noqa: F811
    settings = load_settings(storied_demo.settings_file, {})
    own = {one.name: one.fresh_within_hours for one in settings.sources}
    found = {row[0]: row for row in rows(page, "freshness_by_source")}
    asked = ask("select source, newest_event_at, (select as_of from ops.publication) - newest_event_at from ops.source")
    assert found.keys() == {source for source, *_ in asked}
    for source, newest, age in asked:
        _, _, state, shown, hours, allowed, _ = found[source]
        assert shown == newest
        assert hours == pytest.approx(age.total_seconds() / 3600, abs=1 / 60 + 1e-9)
        assert allowed == (own[source] or settings.quality.fresh_within_hours)
        assert state == ("stale" if hours > allowed else "fresh")
    silent = {row[0]: row for row in rows(page_of(troubled, storied_demo.settings_file), "freshness_by_source")}
    assert silent["<i>silent</i>"][2] is None


def test_checks_are_counted_by_kind_and_those_that_fail_are_listed(page, ask, troubled, storied_demo):  # noqa: F811
    counted = ask(
        "select kind, severity, count(*), sum(passed::int), sum((not passed)::int) from ops.check_result group by all order by all"
    )
    assert [row[:5] for row in rows(page, "checks_by_kind")] == counted
    assert empty(page, "Checks that fail").empty == "Every check holds."
    failed = rows(page_of(troubled, storied_demo.settings_file), "checks_that_fail")
    assert failed == [("core.activity_copy", "grain_is_unique", "rule", "block", 3, HOSTILE)]


def test_a_refused_file_is_listed_until_it_is_dismissed_or_comes_again(page, troubled, storied_demo):  # noqa: F811
    assert empty(page, "Files that were refused").empty == "No file is refused."
    listed = rows(page_of(troubled, storied_demo.settings_file), "files_that_were_refused")
    assert [row[3:] for row in listed] == [(HOSTILE, "header: <b>no</b> id", "Mend it.")]


def test_restatements_are_those_of_this_generation(page, troubled, storied_demo):  # noqa: F811
    assert empty(page, "Restated by this night").parts == ()
    moved = rows(page_of(troubled, storied_demo.settings_file), "restated_by_this_night")
    assert moved == [("marts.a", "load", 2, 2, 1), ("marts.a", "as_of", 1, 1, 0)]


def test_nobody_is_listed_with_what_they_did(page, ask):
    listed = rows(page, "credited_to_nobody")
    assert [(row[0], row[1], row[2], row[4]) for row in listed] == ask(
        "select source, source_rep_id, reason, activities from ops.unattributed order by activities desc, source, source_rep_id, reason"
    )
    assert listed


def test_run_times_are_those_of_the_ledger_and_of_the_nights_before(page, ask, storied_demo):  # noqa: F811
    assert rows(page, "steps") == ask("select step, seconds, rows, peak_mb from ops.run_step")
    nights = [(row[0], row[1], row[2], row[3]) for row in rows(page, "nights")]
    assert nights == [(one.started_at, one.status, one.generation and str(one.generation), one.seconds) for one in NIGHTS]  # fmt: skip
    first = page_of(storied_demo.published_file, storied_demo.settings_file)
    assert "nights" not in [view.name for view in first.views]


def test_hostile_names_stay_text(troubled, storied_demo, demo_report, tmp_path):  # noqa: F811
    build_report(troubled, tmp_path, load_settings(storied_demo.settings_file, {}), demo_report)
    html = (tmp_path / "quality.html").read_text(encoding="utf-8")
    assert "&lt;img src=x onerror=alert(1)&gt;.csv" in html
    assert "<img" not in html and "<i>silent" not in html and "<b>no" not in html
