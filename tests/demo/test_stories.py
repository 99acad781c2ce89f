"""The planted stories, found again in the written files by arithmetic that shares nothing with the pipeline."""

from collections import Counter, defaultdict
from datetime import date, timedelta
from statistics import median
from zoneinfo import ZoneInfo

import pytest

from pipelines.demo import DEMO_AS_OF, write_demo
from tests.oracles.activity_oracle import Event, Roster
from tests.oracles.canonical import Export

NIGHTS = {
    "default": {},
    "another_seed": {"seed": 11},
    "a_longer_year_that_ends_midweek": {"days": 365, "as_of": DEMO_AS_OF.replace(month=11, day=11)},
}


class Findings:
    """What the files of one company say."""

    def __init__(self, folder, **arguments):
        self.as_of = arguments.get("as_of", DEMO_AS_OF)
        self.summary = write_demo(folder / "crm", dialer=folder / "dialer", **arguments)
        self.stories = {story.name: story for story in self.summary.stories}
        self.export = Export(folder / "crm", ZoneInfo("America/New_York"), folder / "dialer")
        self.roster = Roster(self.export)
        self.last = self.as_of.date()
        self.events = defaultdict(list)
        self.newest = {}
        for row in self.export.living("activities"):
            event = Event(row, self.export, self.as_of)
            source = row.get("source", "crm")
            if event.is_past:
                self.newest[source] = max(event.day, self.newest.get(source, date.min))
                self.events[self.roster.resolve(row.get("rep_id", ""), source)].append(event)
        self.touches = Counter(
            (rep_id, event.day) for rep_id, events in self.events.items() for event in events if event.is_touch
        )

    def touches_a_workday(self, rep_id, monday):
        """None in a week without workdays; up to `as_of`."""
        days = [monday + timedelta(days=number) for number in range(7)]
        workdays = sum(self.roster.is_workday(rep_id, day) for day in days if day <= self.last)
        touches = sum(self.touches[rep_id, day] for day in days)
        return touches / workdays if workdays else None

    def baseline(self, rep_id, monday):
        weeks = [self.touches_a_workday(rep_id, monday - timedelta(days=7 * number)) for number in range(1, 9)]
        return median([week for week in weeks if week is not None])

    def peer_median(self, rep_id, monday):
        """0 for somebody without peers."""
        end = monday + timedelta(days=6)
        own = self.roster.on(rep_id, end)
        peers = [
            self.touches_a_workday(other, monday)
            for other in self.roster.history
            if other != rep_id and self.is_peer(other, own, monday, end)
        ]
        return median([value for value in peers if value is not None] or [0])

    def is_peer(self, rep_id, own, monday, end):
        row = self.roster.on(rep_id, end)
        hired = max((hired for hired, _ in self.roster.spells(rep_id) if hired <= end), default=end)
        is_seasoned = (end - hired).days >= 90
        return (
            is_seasoned and (row["role"], row["rep_type"]) == (own["role"], own["rep_type"])
            if row.get("role")
            else False
        )

    def in_person_share(self, rep_id, month):
        seconds = Counter()
        for event in self.events[rep_id]:
            if event.is_held and event.day.replace(day=1) == month:
                seconds[event.row.get("meeting_mode", "")] += event.seconds
        return seconds["in_person"] / seconds.total()

    def turnover(self, team):
        """Separations in twelve months / mean of thirteen month-ends, as metrics.md 9 counts them."""
        month = self.last.replace(day=1)
        starts = [month]
        for _ in range(12):
            starts.append((starts[-1] - timedelta(days=1)).replace(day=1))
        ends = [self.last, *(start - timedelta(days=1) for start in starts[:-1])]
        heads = [sum(self.is_there(rep, day, team) for rep in self.roster.history) for day in ends]
        left = [
            ended
            for rep in self.roster.history
            for _, ended in self.roster.spells(rep)
            if ended and starts[11] <= ended <= self.last and self.roster.on(rep, ended)["team"] == team
        ]
        return len(left) / (sum(heads) / 13)

    def is_there(self, rep_id, day, team):
        employed = any(hired <= day and (ended is None or day < ended) for hired, ended in self.roster.spells(rep_id))
        return employed and self.roster.on(rep_id, day)["team"] == team

    def decided_rate(self, stage, is_in_cohort):
        """Of deals whose log says they entered the stage on such a day: advanced / (advanced + lost)."""
        order = {
            row["stage"]: int(row["stage_order"])
            for row in self.export.living("stages")
            if row["pipeline"] == "default"
        }
        log = defaultdict(list)
        for row in self.export.living("stage_changes"):
            log[row["opportunity_id"]].append((self.export.instant(row["changed_at"]), row["to_stage"]))
        decided = Counter()
        for deal in self.export.living("opportunities"):
            moves = sorted(log[deal["opportunity_id"]]) if deal.get("pipeline", "default") == "default" else []
            reached = [(at, to) for at, to in moves if to != "Closed Lost" and order[to] >= order[stage]]
            if reached and is_in_cohort(reached[0][0].astimezone(self.export.zone).date()):
                is_further = any(order[to] > order[stage] for _, to in reached)
                decided["advanced" if is_further else "lost" if moves[-1][1] == "Closed Lost" else "open"] += 1
        return decided["advanced"] / (decided["advanced"] + decided["lost"])


@pytest.fixture(
    scope="module",
    params=[name if name == "default" else pytest.param(name, marks=pytest.mark.slow) for name in NIGHTS],
)
def found(request, tmp_path_factory):
    return Findings(tmp_path_factory.mktemp(request.param), **NIGHTS[request.param])


def rep_of(story):
    return story.subject_id.removeprefix("crm:")


def test_every_kind_of_story_is_planted_and_says_so_in_a_sentence(found):
    assert list(found.stories) == [
        "rep_overload",
        "team_turnover",
        "rep_type_drift",
        "source_silent",
        "stage_conversion_drop",
    ]
    assert all(story.sentence.endswith(".") and story.expected for story in found.summary.stories)


def test_the_overloaded_rep_does_half_as_much_again_as_before_and_as_the_peers(found):
    story = found.stories["rep_overload"]
    rep, weeks = rep_of(story), {figure.where["week_start"] for figure in story.expected}
    assert len(weeks) == 3
    for monday in map(date.fromisoformat, weeks):
        touches = found.touches_a_workday(rep, monday)
        assert touches >= 1.5 * found.baseline(rep, monday)
        assert touches >= 1.5 * found.peer_median(rep, monday)


def test_nobody_else_is_overloaded_in_a_whole_week(found):
    story = found.stories["rep_overload"]
    for rep in found.roster.history:
        row = found.roster.on(rep, found.last)
        if rep == rep_of(story) or row.get("role") not in ("ae", "sdr", "csm", "field_rep"):
            continue
        for monday in (story.from_date + timedelta(days=7 * number) for number in range(3)):
            touches = found.touches_a_workday(rep, monday)
            if touches and found.baseline(rep, monday):
                is_over = touches >= 1.5 * max(found.baseline(rep, monday), found.peer_median(rep, monday))
                assert touches < 90 and not is_over, (rep, monday)


def test_one_team_alone_has_a_turnover_over_a_fifth_and_it_is_the_figure_told(found):
    story = found.stories["team_turnover"]
    rates = {team: found.turnover(team) for team in {row["team"] for row in found.export.living("reps")}}
    assert {team for team, rate in rates.items() if rate > 0.2} == {story.subject_id}
    assert rates[story.subject_id] == pytest.approx(story.expected[0].value, abs=1e-6)


def test_the_drifter_is_declared_inside_and_meets_in_person_in_each_of_three_months(found):
    story = found.stories["rep_type_drift"]
    assert found.roster.on(rep_of(story), found.last)["rep_type"] == "inside"
    months = [
        date.fromisoformat(figure.where["period_start"])
        for figure in story.expected
        if figure.column == "in_person_share"
    ]
    assert len(months) == 3
    for month in months:
        assert found.in_person_share(rep_of(story), month) > 0.6


def test_the_silent_source_ends_on_the_day_told_while_the_other_goes_on(found):
    story = found.stories["source_silent"]
    assert str(found.newest["dialer"]) == story.expected[0].value == str(story.from_date - timedelta(days=1))
    assert (found.last - found.newest["dialer"]).days >= 10
    assert (found.last - found.newest["crm"]).days <= 3


def test_the_worsening_stage_advances_fewer_deals_in_the_cohorts_since_then(found):
    story = found.stories["stage_conversion_drop"]
    before, since = (figure.value for figure in story.expected)
    mature = found.last - timedelta(days=60)
    assert found.decided_rate(story.subject_id, lambda day: day < story.from_date) >= before
    assert found.decided_rate(story.subject_id, lambda day: story.from_date <= day) <= since
    assert found.decided_rate(story.subject_id, lambda day: story.from_date <= day < mature) <= since


def test_a_small_company_has_no_stories(tmp_path):
    assert write_demo(tmp_path / "crm", reps=6, days=40, dialer=tmp_path / "dialer").stories == ()
