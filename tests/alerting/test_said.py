"""What people say of alerts: acknowledged once and for all, silenced from any day to the last one, that day included."""

import stat
from datetime import UTC, date, datetime

import pytest

from models.alert_settings import Alerts
from pipelines.alerting.said import (
    Silence,
    acknowledge,
    all_silences,
    end_silence,
    give_silence,
    read_acknowledged,
    read_acknowledgements,
    read_silences,
    silence_on,
)

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
LAST = date(2026, 3, 10)


@pytest.fixture
def store(tmp_path):
    return tmp_path / "operator.sqlite"


def give(store, rule=None, subject=None, team=None, to_date=LAST, reason="a campaign"):
    return give_silence(store, rule=rule, subject=subject, team=team, to_date=to_date, reason=reason, by="ann", at=AT)


def test_nothing_said_reads_as_nothing_and_makes_no_file(store):
    assert (read_acknowledged(store), read_silences(store), read_acknowledgements(store)) == (frozenset(), (), {})
    assert not store.exists()


def test_who_says_it_last_stands_and_a_note_stays(store):
    acknowledge(store, ["a1", "b2"], by="ann", note="calling them", at=AT)
    acknowledge(store, ["a1"], by="bo", note=None, at=AT.replace(hour=10))
    assert read_acknowledged(store) == {"a1", "b2"}
    said = read_acknowledgements(store)["a1"]
    assert (said.acknowledged_by, said.note, said.acknowledged_at.hour) == ("bo", "calling them", 10)
    assert stat.S_IMODE(store.stat().st_mode) == 0o600


def test_a_silence_holds_up_to_its_last_day_and_for_all_that_it_names(store):
    given = give(store, rule="rep_overload", team="North")
    (read,) = read_silences(store)
    assert read == given
    assert [read.is_on(day) for day in (date(2020, 1, 1), LAST, date(2026, 3, 11))] == [True, True, False]
    assert read.hides("rep_overload", "crm:R1", "North")
    assert not read.hides("rep_overload", "crm:R1", "South")
    assert not read.hides("rep_underload", "crm:R1", "North")
    assert not read.hides("rep_overload", "crm:R1", None)


def test_a_silence_that_somebody_ended_is_gone_and_ends_once(store):
    given = give(store, subject="crm:R1")
    assert end_silence(store, given.silence_id, at=AT) == given
    assert read_silences(store) == ()
    assert end_silence(store, given.silence_id, at=AT) is None


def test_silences_of_settings_and_of_people_are_one_list(store):
    written = Alerts.model_validate(
        {"silences": [{"team": "North", "from_date": "2026-03-05", "to_date": "2026-03-06", "reason": "fair"}]}
    )
    given = give(store, rule="source_stale")
    silences = all_silences(written, store)
    assert silences == (Silence(None, None, "North", date(2026, 3, 5), date(2026, 3, 6), "fair"), given)
    assert silences[0].as_rule() == written.silences[0]
    about = {"rule": "rep_overload", "subject_id": "crm:R1", "team": "North"}
    assert silence_on(silences, date(2026, 3, 4), **about) is None
    assert silence_on(silences, date(2026, 3, 5), **about) == silences[0]
    assert silence_on(silences, date(2026, 3, 6), **about) == silences[0]
    assert silence_on(silences, date(2026, 3, 7), **about) is None
