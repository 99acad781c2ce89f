"""Pages about people: no figure differs from its mart, names stay out of places, and reps have pages only when allowed."""

import hashlib

import pytest

from models.settings import Report, load_settings
from pipelines.reporting.pages import reps as reps_module
from pipelines.reporting.pages.overview import overview_page
from pipelines.reporting.pages.people import directory_of
from pipelines.reporting.pages.reps import rep_pages
from pipelines.reporting.pages.teams import team_pages
from pipelines.reporting.pages.turnover import turnover_page
from pipelines.reporting.pages.workload import workload_page
from pipelines.reporting.reader import reader_of
from pipelines.reporting.report import build_report
from sql.warehouse import open_published
from tests.cheap_nights import ALL_MARTS

HOSTILE = ["../../x", "<script>alert(1)</script>", "ليلى حداد \u202e", "N" * 255, "50% off %(team)s", "Ann"]


@pytest.fixture
def reader_at(request):
    """A reader of a workspace's published generation, under settings of the report."""

    def new(workspace, **chosen):
        connection = open_published(workspace.published_file.resolve())
        request.addfinalizer(connection.close)
        settings = load_settings(workspace.settings_file, {})
        return reader_of(connection, settings.model_copy(update={"report": Report(**chosen)}))

    return new


@pytest.fixture
def hostile(office):
    """A company whose reps and teams have names that break things."""
    office.environment = ALL_MARTS
    office.deliver(
        "reps.csv",
        [
            {"rep_id": f"R/{number}..", "full_name": name, "rep_type": "inside", "role": "ae", "team": name, "hire_date": "2025-01-01"}
            for number, name in enumerate([*HOSTILE, "Ann"])
        ],
    )  # fmt: skip
    office.deliver(
        "activities.csv",
        [
            {"source_record_id": f"A{number}", "channel": "call", "occurred_at": "2026-03-24T10:00:00", "rep_id": "R/0..", "direction": "outbound", "status": "completed"}
            for number in range(5)
        ],
    )  # fmt: skip
    office.night()
    return office.workspace


def view_of(page, name):
    return next(view for view in page.views if view.name == name)


def test_a_team_is_said_as_overloaded_as_the_mart_has_its_reps(storied_demo, reader_at, ask):
    rows = view_of(workload_page(reader_at(storied_demo)), "workload_by_team").rows
    found = ask(
        """
        select team, count(*), count(*) filter (where workload_level = 'overload'),
            count(*) filter (where workload_level = 'high'), sum(touches) / nullif(sum(workdays), 0),
            sum(after_hours_touches) / nullif(sum(touches), 0), sum(untouched_opportunities)
        from marts.rep_workload_weekly
        where week_start = (select max(week_start) from marts.rep_workload_weekly where is_complete) group by team
        """
    )
    names = ("team", "reps", "overload", "high", "touches_per_workday", "after_hours_share", "untouched_opportunities")
    assert {tuple(row[name] for name in names) for row in rows} == set(found)
    assert rows[0]["overload"] > 0
    assert [row["overload_share"] for row in rows] == sorted((row["overload_share"] for row in rows), reverse=True)


def test_the_overview_leads_to_who_is_overloaded(storied_demo, reader_at, ask):
    page = overview_page(reader_at(storied_demo))
    card = next(one for part in page.sections[0].parts for one in part if one.label == "Overloaded reps")
    ((now,), (was,)) = ask(
        """
        select count(*) filter (where workload_level = 'overload') from marts.rep_workload_weekly where is_complete
        group by week_start order by week_start desc limit 2
        """
    )
    assert (card.value, card.was, card.link) == (now, was, "workload.html")
    assert now > 0


def test_who_is_over_is_named_with_the_limit_that_decided_it(storied_demo, reader_at, ask):
    first = view_of(workload_page(reader_at(storied_demo)), "workload_over").rows[0]
    assert (first["workload_level"], first["rep"]) == ("overload", "Farid Baker")
    figure, own, usual, others, peers = ask(
        """
        select touches_per_workday, vs_baseline, baseline_touches_per_workday, vs_peers, peer_median_touches_per_workday
        from marts.rep_workload_weekly where workload_level = 'overload'
            and week_start = (select max(week_start) from marts.rep_workload_weekly where is_complete)
        """
    )[0]
    assert first["why"] == (
        f"{figure:.1f} touches per workday: {own:.1f} times the own usual {usual:.2f} and {others:.2f} times the peers'"
        f" median {peers:.1f}; the limit is 1.5 times both."
    )


def test_the_heat_map_holds_26_weeks_as_the_mart_has_them(storied_demo, reader_at, ask):
    reader = reader_at(storied_demo)
    ids = {row["rep"]: row["rep_id"] for row in directory_of(reader).reps.to_dicts()}
    rows = view_of(workload_page(reader), "workload_heat").rows
    found = ask(
        """
        select rep_id, week_start, vs_baseline, vs_peers, touches_per_workday, workload_level
        from marts.rep_workload_weekly where is_complete qualify dense_rank() over (order by week_start desc) <= 26
        """
    )
    names = ("week_start", "vs_baseline", "vs_peers", "touches_per_workday", "workload_level")
    assert sorted(map(str, ((ids[row["rep"]], *(row[name] for name in names)) for row in rows))) == sorted(
        map(str, found)
    )


def test_levels_by_week_add_up_to_the_reps_of_the_mart(storied_demo, reader_at, ask):
    rows = view_of(workload_page(reader_at(storied_demo)), "workload_by_week").rows
    found = ask(
        """
        select week_start, count(*) filter (where workload_level = 'overload'), count(*) filter (where workload_level = 'high'),
            count(*) filter (where workload_level = 'normal'), count(*) filter (where workload_level = 'under')
        from marts.rep_workload_weekly where is_complete group by week_start
        order by week_start desc limit 26
        """
    )
    names = ("week_start", "overload", "high", "normal", "under")
    assert [tuple(row[name] for name in names) for row in rows] == found


def test_turnover_is_the_marts_and_over_the_limit_is_said_in_a_word(storied_demo, reader_at, ask):
    page = turnover_page(reader_at(storied_demo))
    names = "headcount_end, hires, separations, turnover_rate_12m, vacancy_days, median_tenure_days"
    company = ask(
        f"select period_start, {names} from marts.team_turnover_monthly where scope = 'company' and is_complete order by 1"
    )
    listed = ["period_start", *names.split(", ")]
    assert [tuple(row[name] for name in listed) for row in view_of(page, "turnover_company").rows] == company
    teams = ask(
        """
        select scope_id, turnover_rate_12m, if(is_over_threshold, 'over', 'within') from marts.team_turnover_monthly
        where scope = 'team' and is_complete and period_start = (
            select max(period_start) from marts.team_turnover_monthly where is_complete)
        """
    )
    rows = view_of(page, "turnover_teams").rows
    assert {(row["team"], row["turnover_rate_12m"], row["against_threshold"]) for row in rows} == set(teams)
    assert [row["against_threshold"] for row in rows][:2] == ["over", "within"]


def test_a_rep_page_holds_the_reps_rows_of_each_mart(storied_demo, reader_at, ask):
    pages = {page.place: page for page in rep_pages(reader_at(storied_demo))}
    assert len(pages) > 20
    for (rep,) in ask(
        "select distinct rep_id from marts.rep_workload_weekly where week_start > date '2026-02-01' order by 1 limit 5"
    ):
        page = pages[f"reps/{hashlib.sha256(rep.encode()).hexdigest()[:16]}.html"]
        weeks = ask(
            """
            select week_start, touches, touches_per_workday, vs_baseline, vs_peers, workload_level
            from marts.rep_workload_weekly where rep_id = ? and is_complete
                and week_start > (select max(week_start) from marts.rep_workload_weekly where is_complete) - 182
            order by week_start desc
            """,
            rep,
        )
        names = ("week_start", "touches", "touches_per_workday", "vs_baseline", "vs_peers", "workload_level")
        assert [tuple(row[name] for name in names) for row in view_of(page, "weeks").rows] == weeks
        shown = {card.defined: card.value for part in page.sections[1].parts for card in part}
        columns = list(reps_module._OF_MONTH)
        months = ask(
            f"""
            select {", ".join(columns)} from marts.rep_scorecard_monthly where rep_id = ? and is_complete and period_start
                = (select max(period_start) from marts.rep_scorecard_monthly where is_complete)
            """,
            rep,
        )
        expected = {f"marts.rep_scorecard_monthly.{name}": value for row in months for name, value in zip(columns, row, strict=True)}  # fmt: skip
        assert shown == expected


def test_a_team_page_holds_what_was_done_under_the_team(storied_demo, reader_at, ask):
    page = next(page for page in team_pages(reader_at(storied_demo)) if page.title == "Inside Sales")
    found = ask(
        """
        select d.week_start, sum(a.touches)::bigint, sum(a.calls)::bigint from marts.rep_activity_daily as a
        join core.dim_date as d on a.activity_date = d.date_day
        where a.team = 'Inside Sales' group by 1 order by 1 desc limit 5
        """
    )
    rows = view_of(page, "team_by_week").rows[:5]
    assert [(row["week_start"], row["touches"], row["calls"]) for row in rows] == found


def test_without_pages_for_reps_none_is_written_linked_or_named_below_the_teams(storied_demo, report_of, ask):
    folder = report_of(storied_demo, rep_pages=False)
    assert not (folder / "reps").exists()
    texts = {path: path.read_text(encoding="utf-8") for path in folder.rglob("*.html")}
    assert not [path for path, text in texts.items() if "reps/" in text]
    names = [name for (name,) in ask("select distinct full_name from core.dim_rep")]
    teams = [text for path, text in texts.items() if path.parent.name == "teams"]
    assert teams
    assert not [name for name in names for text in teams if name in text]
    assert "Farid Baker" in texts[folder / "workload.html"]


def test_rep_pages_are_light(storied_demo, report_of):
    sizes = [path.stat().st_size for path in (report_of(storied_demo) / "reps").iterdir()]
    assert sum(sizes) / len(sizes) < 5_000
    assert max(sizes) < 6_000


def test_names_break_no_place_and_no_page(hostile, report_of):
    folder = report_of(hostile)
    reps, teams = list((folder / "reps").iterdir()), list((folder / "teams").iterdir())
    assert (len(reps), len(teams)) == (len(HOSTILE) + 1, len(HOSTILE))
    assert all(len(path.name) == len("0123456789abcdef.html") for path in (*reps, *teams))
    assert {path.relative_to(folder).parts[0] for path in folder.rglob("*.html")} <= {
        path.name for path in folder.iterdir()
    }
    assert not [path for path in folder.rglob("*.html") if "<script>alert" in path.read_text(encoding="utf-8")]


def test_two_reps_of_one_name_are_told_apart(hostile, reader_at):
    names = directory_of(reader_at(hostile)).reps["rep"].to_list()
    assert sorted(name for name in names if name.startswith("Ann")) == ["Ann (R/5..)", "Ann (R/6..)"]


@pytest.mark.slow
def test_a_company_of_one_rep_and_one_of_none_have_every_page(open_office, tmp_path):
    for number, rows in enumerate(
        ([{"rep_id": "R1", "full_name": "Ann", "rep_type": "inside", "hire_date": "2026-01-01"}], [])
    ):
        office = open_office()
        office.environment = ALL_MARTS
        office.deliver("reps.csv", rows or b"rep_id,full_name,rep_type,hire_date\n")
        office.night()
        folder = tmp_path / str(number)
        previous = tmp_path / "0" if number else None
        written = build_report(office.workspace.published_file.resolve(), folder, load_settings(office.workspace.settings_file, {}), previous)  # fmt: skip
        assert (folder / "workload.html").exists() and (folder / "turnover.html").exists()
        assert len(list(folder.rglob("reps/*.html"))) == len(rows)
        assert written == len(list(folder.rglob("*.html")))
