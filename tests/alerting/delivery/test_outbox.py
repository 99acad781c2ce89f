"""Who is told what: each piece of news once a channel, whatever happens between nights, and nobody is told of others."""

from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from models.alerts import AlertSeverity
from pipelines.alerting.outbox import HEARTBEAT, enqueue_heartbeat
from tests.alerting.delivery.conftest import Clock, Office
from tests.alerting.delivery.made_news import AS_OF, episode, fired, of_source, of_team, over

ALL = {"name": "all", "url": "env:X", "severities": ["critical", "warning", "info"], "about_reps": True}
SHARED = {"name": "shared", "url": "env:X"}


def told(office, channel=None):
    """Which alerts stand in the channel's digests, a list a digest."""
    return [[item["alert_id"] for item in digest["alerts"] + digest["resolved"]] for digest in office.digests(channel)]


def told_by(office, channel):
    """All alerts that the channel's digests hold."""
    return [alert_id for digest in told(office, channel) for alert_id in digest]


def test_a_channel_gets_one_digest_a_team_and_night(office):
    office.configure(ALL)
    news = [fired("a1"), fired("a2", team="West"), over("a3"), of_source("s1"), fired("a4", days=-1)]
    assert office.tell(*news) == 4
    assert sorted(map(sorted, told(office))) == [["a1", "a3"], ["a2"], ["a4"], ["s1"]]
    assert sorted({(digest["team"], digest["night"]) for digest in office.digests()}, key=str) == [
        ("East", "2026-03-02"), ("East", "2026-03-03"), ("West", "2026-03-03"), (None, "2026-03-03"),
    ]  # fmt: skip


def test_the_same_generation_again_adds_nothing_and_a_crash_before_it_loses_nothing(office):
    office.configure(ALL)
    assert office.tell(fired("a1")) == 1
    assert office.tell(fired("a1")) == 0
    assert office.tell(fired("a1"), fired("a2"), over("a1")) == 1
    assert sorted(map(sorted, told(office))) == [["a1"], ["a1", "a2"]]
    assert sorted(office.rows("alert_id, place", "alert_news")) == [("a1", 1), ("a1", 2), ("a2", 1)]


def test_news_that_waited_ten_nights_is_still_told_to_a_known_channel(office):
    office.configure(ALL)
    office.tell(as_of=AS_OF)
    assert office.tell(fired("a1", days=1), as_of=AS_OF + timedelta(days=11)) == 1


def test_a_new_channel_hears_three_days_and_one_that_was_gone_is_new_again(office):
    office.configure(ALL)
    office.tell(fired("a1", days=-4), fired("a2", days=-2))
    assert told(office) == [["a2"]]
    office.configure()
    office.tell(as_of=AS_OF + timedelta(days=100))
    office.configure(ALL)
    news = [fired("a3", days=50), fired("a4", days=200)]
    assert office.tell(*news, as_of=AS_OF + timedelta(days=200)) == 1
    assert ["a4"] in told(office) and ["a3"] not in told(office)


def test_single_reps_are_named_only_where_the_settings_say_so(office):
    office.configure(ALL, SHARED)
    office.tell(fired("a1"), of_team("t1"), of_source("s1"))
    assert sorted(told_by(office, "shared")) == ["s1", "t1"]
    assert sorted(told_by(office, "all")) == ["a1", "s1", "t1"]


def test_a_shared_digest_speaks_of_no_small_team(office):
    office.headcounts = {"East": 4, "West": 5}
    office.configure(SHARED, ALL)
    office.tell(of_team("t1", "East"), of_team("t2", "West"), of_team("t3", "Unknown"))
    assert sorted(told_by(office, "shared")) == ["t2"]
    assert sorted(told_by(office, "all")) == ["t1", "t2", "t3"]


def test_severity_rule_team_and_resolved_choose_the_channel(office):
    office.configure(
        {**ALL, "name": "critical", "severities": ["critical"]},
        {**ALL, "name": "rules", "rules": ["team_turnover"]},
        {**ALL, "name": "teams", "teams": ["West"]},
        {**ALL, "name": "firing", "resolved": False},
    )
    office.tell(
        fired("a1"), fired("a2", team="West"), over("a3"), of_team("t1"), of_source("s1"),
        fired("i1", severity=AlertSeverity.INFO, team="West"),
    )  # fmt: skip
    by_channel = {name: sorted(told_by(office, name)) for name in ("critical", "rules", "teams", "firing")}
    assert by_channel == {
        "critical": ["s1"], "rules": ["t1"], "teams": ["a2", "i1"], "firing": ["a1", "a2", "i1", "s1", "t1"],
    }  # fmt: skip


def test_without_channels_there_is_no_store(office):
    assert office.tell(fired()) == 0
    assert not office.store.exists()


def test_a_heartbeat_expires_when_the_next_nights_comes(office):
    for night in ("000041", "000042", "000042"):
        enqueue_heartbeat(office.store, night, at=office.clock.now(), give_up_after=timedelta(hours=72))
    assert office.rows("channel, state") == [(HEARTBEAT, "waiting")]


def test_the_key_of_the_same_news_is_the_same_in_a_store_that_was_lost(office, tmp_path):
    office.configure(ALL)
    office.tell(fired("a1"), fired("a2"))
    again = Office(tmp_path / "elsewhere" / "operator.sqlite", Clock("2026-03-09T00:00:00+00:00"))
    again.configure(ALL)
    again.tell(fired("a2"), fired("a1"))
    assert office.rows("message_id, state") == again.rows("message_id, state")


NEWS = st.builds(
    lambda number, place, days, team, is_over: (over if is_over else fired)(
        f"a{number}", place=place, days=days, team=team
    ),
    st.integers(0, 5), st.integers(1, 3), st.integers(0, 4), st.sampled_from(["East", "West"]), st.booleans(),
)  # fmt: skip


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(st.lists(NEWS, max_size=6), st.integers(1, 3)), min_size=1, max_size=6))
def test_any_nights_enqueued_any_number_of_times_tell_each_piece_of_news_once(nights):
    with TemporaryDirectory() as folder:
        office = Office(Path(folder) / "operator.sqlite", Clock())
        office.configure(ALL, {**ALL, "name": "second"})
        known = []
        for news, times in nights:
            known += news
            for _ in range(times):
                office.tell(*known)
        expected = sorted({(one.transition.alert_id, one.transition.place) for one in known})
        for channel in ("all", "second"):
            rows = office.rows("alert_id, place, channel", "alert_news")
            assert sorted(row[:2] for row in rows if row[2] == channel) == expected
            assert sorted(told_by(office, channel)) == sorted(alert_id for alert_id, _ in expected)


def test_an_episode_is_told_with_the_figures_it_had_then(office):
    office.configure(ALL)
    news = fired("a1", value=95.0)
    later = type(news)(episode("a1", value=300.0), news.transition)
    office.tell(later)
    assert "95 touches" in office.digests()[0]["alerts"][0]["text"]
