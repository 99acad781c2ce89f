"""Episodes over any series of nights: never two at once, never flapping, each piece of news once."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from models.alerts import AlertSeverity, Suppressor
from pipelines.alerting.episodes import Judgement, Night, Policy, State, Verdict, advance

FIRST = date(2026, 3, 2)
THRESHOLD, CLEAR = 10.0, 8.0
NOBODY = frozenset()


def night(day, hour=23):
    return Night(FIRST + timedelta(days=day), datetime(2026, 3, 2, hour, tzinfo=UTC) + timedelta(days=day))


def judged(value, suppressed_by=None):
    """A value as the rules' limits read it; None: nothing was read."""
    if value is None:
        return Judgement("rep_overload", "rep", "crm:R1", Verdict.MISSING)
    verdict = Verdict.BEYOND if value > THRESHOLD else Verdict.CLEAR if value <= CLEAR else Verdict.BETWEEN
    return Judgement(
        "rep_overload", "rep", "crm:R1", verdict, value=value, threshold=THRESHOLD, suppressed_by=suppressed_by
    )


def told(series, policy=None, acknowledged=NOBODY):
    """The states of one night after the other, for values or whole judgements; one a day."""
    policy = policy or Policy(AlertSeverity.WARNING)
    episode, states = None, []
    for day, value in enumerate(series):
        judgement = value if isinstance(value, Judgement) else judged(value)
        episode, _ = advance(episode, judgement, policy, night(day), acknowledged)
        states.append(episode and str(episode.state))
    return states


def test_it_fires_after_so_many_nights_in_a_row():
    policy = Policy(AlertSeverity.WARNING, for_nights=3)
    assert told([11, 11, 11], policy) == ["pending", "pending", "firing"]
    assert told([11, 11, 9, 11, 11], policy) == ["pending", "pending", "resolved", "pending", "pending"]


def test_between_the_two_thresholds_nothing_changes():
    assert told([11, 9, 9.9, 8.5]) == ["firing", "firing", "firing", "firing"]
    assert told([9, 9.9]) == [None, None]
    assert told([11, 8, 9, 8], Policy(AlertSeverity.WARNING, recover_nights=2)) == [
        "firing", "recovering", "recovering", "resolved",
    ]  # fmt: skip


def test_a_relapse_while_recovering_is_the_same_episode_and_no_news():
    policy, news = Policy(AlertSeverity.WARNING, recover_nights=2), []
    episode = None
    for day, value in enumerate([11, 8, 11, 8, 8]):
        episode, transition = advance(episode, judged(value), policy, night(day), NOBODY)
        news += [str(transition.to_state)] if transition and transition.is_news else []
    assert news == ["firing", "resolved"]


def test_no_data_is_not_zero():
    assert told([11, None, None, 8]) == ["firing", "firing", "firing", "resolved"]
    assert told([None, None]) == [None, None]


def test_what_is_suppressed_is_never_news_and_says_why():
    on_leave = judged(12, Suppressor.LEAVE)
    assert told([on_leave, on_leave, 8]) == ["suppressed", "suppressed", "resolved"]
    assert told([on_leave, 12]) == ["suppressed", "firing"]
    episode, transition = advance(None, on_leave, Policy(AlertSeverity.WARNING), night(0), NOBODY)
    assert (episode.suppressed_by, transition.is_news) == (Suppressor.LEAVE, False)
    over, transition = advance(episode, judged(8), Policy(AlertSeverity.WARNING), night(1), NOBODY)
    assert (over.suppressed_by, over.fired_at, transition.is_news) == (Suppressor.LEAVE, None, False)


def test_a_silence_on_what_fired_hides_it_and_its_end_is_no_second_news():
    silenced, policy = judged(12, Suppressor.SILENCE), Policy(AlertSeverity.WARNING)
    fired, _ = advance(None, judged(12), policy, night(0), NOBODY)
    hidden, _ = advance(fired, silenced, policy, night(1), NOBODY)
    again, transition = advance(hidden, judged(12), policy, night(2), NOBODY)
    assert (str(hidden.state), str(again.state), transition.is_news) == ("suppressed", "firing", False)


def test_when_a_silence_ends_between_the_thresholds_what_fired_fires_again():
    silenced = judged(12, Suppressor.SILENCE)
    assert told([12, silenced, 9, 8]) == ["firing", "suppressed", "firing", "resolved"]


def test_what_nobody_was_told_of_is_forgotten_when_it_is_not_seen_again():
    on_leave = judged(12, Suppressor.LEAVE)
    states = told([on_leave, *[None] * 15])
    assert (states[13], states[14], states[15]) == ("suppressed", "resolved", "resolved")
    assert told([12, *[None] * 15])[-1] == "firing"


def test_an_acknowledged_alert_stays_so_until_it_is_over():
    fired, _ = advance(None, judged(12), Policy(AlertSeverity.WARNING), night(0), NOBODY)
    seen = frozenset({fired.alert_id})
    assert told([12, 12, None, 9, 8], acknowledged=seen) == [
        "firing", "acknowledged", "acknowledged", "acknowledged", "resolved",
    ]  # fmt: skip


def test_a_subject_that_is_gone_ends_its_episode():
    gone = Judgement("rep_overload", "rep", "crm:R1", Verdict.GONE)
    assert told([12, gone, gone]) == ["firing", "resolved", "resolved"]
    assert told([gone]) == [None]


def test_a_second_look_at_a_day_raises_but_does_not_end():
    policy = Policy(AlertSeverity.WARNING)
    fired, _ = advance(None, judged(12), policy, night(0, 8), NOBODY)
    still, transition = advance(fired, judged(3), policy, night(0, 20), NOBODY)
    assert (str(still.state), transition) == ("firing", None)
    over, _ = advance(still, judged(3), policy, night(1), NOBODY)
    assert str(over.state) == "resolved"


values = st.one_of(st.none(), st.sampled_from([5.0, 8.0, 8.5, 9.5, 10.0, 10.5, 20.0]))
looks = st.tuples(values, st.sampled_from([None, None, None, *Suppressor]), st.integers(0, 2))
policies = st.builds(
    Policy, st.just(AlertSeverity.WARNING), for_nights=st.integers(1, 3), recover_nights=st.integers(1, 3)
)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(series=st.lists(looks, max_size=40), policy=policies, acknowledge=st.booleans())
def test_any_series_in_any_nights_keeps_the_promises(series, policy, acknowledge):
    """Each look is a value, what suppresses it, and how many days after the last one it is taken (0: the same day)."""
    episode, day, history = None, 0, []
    for value, suppressed_by, later in series:
        day += later
        trusted = suppressed_by in (None, Suppressor.SILENCE) or (value or 0) > THRESHOLD
        judgement = judged(value if trusted else None, suppressed_by)
        acknowledged = frozenset({episode.alert_id}) if acknowledge and episode and episode.has_fired else NOBODY
        before = episode
        episode, transition = advance(before, judgement, policy, night(day), acknowledged)
        assert advance(episode, judgement, policy, night(day), acknowledged) == (episode, None), "twice is once"
        if transition:
            history.append((before, transition, episode))
        if judgement.verdict is Verdict.BETWEEN and before and before.has_fired and before.is_open:
            assert episode.is_open and episode.state in (
                before.state,
                State.FIRING,
                State.SUPPRESSED,
                State.ACKNOWLEDGED,
            )
    assert_one_at_a_time(history)
    assert_news_alternates(history)


def assert_one_at_a_time(history):
    opened = None
    for before, transition, after in history:
        if transition.from_state is None:
            assert opened is None, "a new episode began before the last one was over"
        opened = None if transition.to_state is State.RESOLVED else after.alert_id
        assert transition.place == after.transitions
        assert before is None or transition.from_state in (None, before.state)


def assert_news_alternates(history):
    """Firing, then at most one resolved, per episode."""
    news = {}
    for _, transition, _ in history:
        if transition.is_news:
            news.setdefault(transition.alert_id, []).append(transition.to_state)
    assert all(told in ([State.FIRING], [State.FIRING, State.RESOLVED]) for told in news.values())
    places = [(transition.alert_id, transition.place) for _, transition, _ in history]
    assert len(places) == len(set(places))
