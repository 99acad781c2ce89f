"""What rules' rows become: verdicts, suppressed or not; and a rule that returns what it must not is refused alone."""

from datetime import date

import pytest

from models.alert_settings import SilenceRule
from models.alerts import Limit
from sql.alert_judgement import Status
from tests.alerting.conftest import MONDAY, rule_of, settings_of

BOTH = tuple(
    Limit(name=name, description="x", beyond=beyond, default=default, unit="x", clear_ratio="0.8")
    for name, beyond, default in (("load", "over", 10), ("rest", "under", 4))
)


def test_beyond_any_limit_is_beyond_and_clear_of_all_is_clear(company):
    rows = [
        ("crm:R1", "load", 11, None), ("crm:R1", "rest", 1, None),
        ("crm:R2", "load", 9, None), ("crm:R2", "rest", 5, None),
        ("crm:R3", "load", 8, None), ("crm:R3", "rest", 5, None),
    ]  # fmt: skip
    (told,) = company.evaluate(rule_of("busy", rows, limits=BOTH))
    assert company.verdicts() == [
        ("busy", "crm:R1", "beyond", None, 1.0),
        ("busy", "crm:R2", "between", None, 9.0),
        ("busy", "crm:R3", "clear", None, 8.0),
    ]
    assert (told.status, told.subjects, told.beyond, told.suppressed) == (Status.JUDGED, 3, 1, 0)
    found = company.rows(
        "select limit_name, threshold, clear_threshold, unit, subject_name, team, evidence from staging.alert_judgement"
        " where subject_id = 'crm:R1'"
    )
    assert found == [("rest", 4.0, 5.0, "x", "Rep R1", "East", '{"load":1}')]


@pytest.mark.parametrize(
    ("beyond", "value", "verdict"),
    [
        ("over", 10, "clear"), ("over", 10.0000000001, "clear"), ("over", 10.00000001, "beyond"),
        ("at_least", 10, "beyond"), ("at_least", 9.9999, "clear"),
        ("under", 10, "clear"), ("under", 9.9999, "beyond"), ("at_most", 10, "beyond"), ("at_most", 10.1, "clear"),
    ],
)  # fmt: skip
def test_without_a_band_clear_is_what_is_not_beyond(company, beyond, value, verdict):
    limit = Limit(name="load", description="x", beyond=beyond, default=10, unit="x", clear_ratio=1)
    company.evaluate(rule_of("busy", [("crm:R1", "load", value, None)], limits=(limit,)))
    assert [row[2] for row in company.verdicts()] == [verdict]


def test_a_small_sample_is_told_when_beyond_and_else_says_nothing(company):
    rows = [("crm:R1", "load", 11, 4), ("crm:R2", "load", 1, 4), ("crm:R3", "load", 11, 5)]
    (told,) = company.evaluate(rule_of("busy", rows, min_sample=5))
    assert company.verdicts() == [
        ("busy", "crm:R1", "beyond", "sample", 11.0),
        ("busy", "crm:R2", "missing", "sample", 1.0),
        ("busy", "crm:R3", "beyond", None, 11.0),
    ]
    assert (told.beyond, told.suppressed) == (2, 1)
    company.evaluate(rule_of("busy", rows, min_sample=5), settings=settings_of(rules={"busy": {"min_sample": 4}}))
    assert [row[3] for row in company.verdicts()] == [None, None, None]


def test_a_trusted_limit_goes_before_one_that_is_not(company):
    rows = [("crm:R1", "load", 99, 1), ("crm:R1", "rest", 3, 9), ("crm:R2", "load", 99, 1), ("crm:R2", "rest", 9, 9)]
    company.evaluate(rule_of("busy", rows, limits=BOTH, min_sample=5))
    assert company.verdicts() == [
        ("busy", "crm:R1", "beyond", None, 3.0),
        ("busy", "crm:R2", "beyond", "sample", 99.0),
    ]


def stale(hours):
    rows = [("crm", "hours", 1, None), ("dialer", "hours", hours, None)]
    limit = Limit(name="hours", description="x", beyond="over", default=1, unit="hours")
    return rule_of("source_stale", rows, subject_type="source", limits=(limit,))


def test_a_stale_source_inhibits_what_stands_on_its_entities(company):
    rows = [("crm:R1", "load", 11, None), ("crm:R2", "load", 1, None)]
    on_activities = rule_of("busy", rows, stands_on=("activities",))
    on_reps = rule_of("calm", rows, stands_on=("reps",))
    sources = [("crm", "load", 11, None), ("dialer", "load", 11, None)]
    of_sources = rule_of("spike", sources, subject_type="source", stands_on=("activities", "reps"))
    company.evaluate(on_activities, on_reps, of_sources, stale(97))
    assert [row for row in company.verdicts() if row[0] != "source_stale"] == [
        ("busy", "crm:R1", "beyond", "stale_source", 11.0),
        ("busy", "crm:R2", "missing", "stale_source", 1.0),
        ("calm", "crm:R1", "beyond", None, 11.0),
        ("calm", "crm:R2", "clear", None, 1.0),
        ("spike", "crm", "beyond", None, 11.0),
        ("spike", "dialer", "beyond", "stale_source", 11.0),
    ]
    company.evaluate(on_activities, stale(96))
    assert [row[3] for row in company.verdicts()] == [None, None, None, None]


def test_a_silence_hides_whom_it_names_on_its_days(company):
    rule = rule_of("busy", [("crm:R1", "load", 11, None), ("crm:R2", "load", 9, None)])

    def silenced(**names):
        company.evaluate(rule, silences=[SilenceRule(reason="x", **names)])
        return [row[3] for row in company.verdicts()]

    assert silenced() == ["silence", "silence"]
    assert silenced(subject="crm:R2", rule="busy") == [None, "silence"]
    assert silenced(team="East", from_date=MONDAY, to_date=MONDAY) == ["silence", "silence"]
    assert silenced(team="West") == silenced(rule="other") == silenced(subject="crm:R9") == [None, None]
    assert silenced(from_date=date(2026, 3, 10)) == silenced(to_date=date(2026, 3, 8)) == [None, None]


GOOD = "select n.night_date, 'crm:R1' as subject_id, 'load' as limit_name, 11::double as value, null::bigint as sample, null::double as baseline, null::double as peers, {'a': 1} as evidence from core.alert_night as n"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("11::double", "null::double", "no night, subject, limit or value in 1 rows"),
        ("'crm:R1'", "null", "no night, subject, limit or value in 1 rows"),
        ("11::double", "'nan'::double", "no finite number for crm:R1"),
        ("'load'", "'laod'", "the limit laod, which its YAML does not name"),
        ("as n", "as n, (values (1), (2)) as v", "crm:R1 more than once"),
        ("'crm:R1'", "'crm:R9'", "crm:R9, which is no known rep"),
        ("n.night_date", "n.night_date - 1 as night_date", "2026-03-08, which is no night"),
        ("11::double", "error('out of reach')", "its SELECT failed"),
        ("11::double", "'eleven'", "its SELECT failed"),
    ],
)
def test_a_rule_that_returns_what_it_must_not_is_refused_and_the_others_go_on(company, old, new, words):
    bad = rule_of("bad", [], GOOD.replace(old, new))
    good = rule_of("good", [], GOOD)
    refused, judged = company.evaluate(good, bad)
    assert (refused.rule, refused.status, refused.subjects) == ("bad", Status.REFUSED, 0)
    assert words in refused.reason and "bad.sql" in refused.reason
    assert (judged.status, judged.beyond) == (Status.JUDGED, 1)
    assert company.verdicts() == [("good", "crm:R1", "beyond", None, 11.0)]


def test_what_is_off_or_not_built_is_not_asked(company):
    unbuilt = rule_of("later", [], GOOD.replace("core.alert_night as n", "core.alert_night as n, marts.sales_kpi as k"))
    good = rule_of("good", [], GOOD)
    told = company.evaluate(good, unbuilt, settings=settings_of(rules={"good": {"enabled": False}}))
    assert [(one.rule, one.status, one.reason) for one in told] == [
        ("good", Status.OFF, "alerts.rules.good.enabled is false"),
        ("later", Status.NOT_BUILT, "metrics.subjects leaves out marts.sales_kpi"),
    ]
    assert company.verdicts() == []
    (told,) = company.evaluate(good, settings=settings_of(enabled=False))
    assert told.status is Status.OFF


def test_many_nights_are_judged_at_once(company):
    nights = [date(2025, 1, 5), date(2025, 1, 6), MONDAY]
    told = company.evaluate(rule_of("busy", [("crm:R1", "load", 11, None)]), nights=nights)
    assert [(one.night_date, one.subjects) for one in told] == list(zip(nights, (0, 1, 1), strict=True))
    found = company.rows("select night_date, verdict from staging.alert_judgement order by all")
    assert found == list(zip(nights, ("gone", "beyond", "beyond"), strict=True))
