"""A night of alerts writes episodes, their changes and what was judged; once, and never about the past."""

from datetime import date

from tests.alerting.conftest import night, rule_of, settings_of


def news(judged):
    """The changes that people are told of."""
    return tuple(one for one in judged.transitions if one.is_news)


def busy(value, **changes):
    return rule_of("busy", [("crm:R1", "load", value, None)], **changes)


def silent(**changes):
    """The same rule on a night on which it has nothing to say."""
    return rule_of("busy", [("crm:R1", "load", 1, None)], busy(1).query.text + " where false", **changes)


def test_news_are_what_fires_and_what_is_over(company):
    told = company.judge(busy(11))
    (begun,) = news(told)
    assert (begun.to_state, begun.value, begun.threshold) == ("firing", 11, 10)
    assert news(company.judge(busy(9), on=night(1))) == ()
    (over,) = news(company.judge(busy(8), on=night(2)))
    assert (over.alert_id, over.place, over.to_state) == (begun.alert_id, 2, "resolved")
    assert company.states() == [("crm:R1", "resolved", "back_within_limits", 8.0)]
    changes = company.rows(
        "select place, from_state, to_state, night_date, is_news from ops.alert_transition order by 1"
    )
    assert changes == [
        (1, None, "firing", date(2026, 3, 9), True),
        (2, "firing", "resolved", date(2026, 3, 11), True),
    ]
    judged = company.rows("select night_date, status, subjects, beyond from ops.alert_evaluation order by 1")
    assert judged == [
        (date(2026, 3, 9), "judged", 1, 1), (date(2026, 3, 10), "judged", 1, 0), (date(2026, 3, 11), "judged", 1, 0),
    ]  # fmt: skip


def everything(company):
    tables = ("marts.alerts", "ops.alert_transition", "ops.alert_evaluation")
    return [company.rows(f"from {table} order by all") for table in tables]


def test_judging_a_night_twice_changes_nothing(company):
    company.judge(busy(11, for_nights=2))
    before = everything(company)
    assert company.judge(busy(11, for_nights=2)).transitions == ()
    assert everything(company) == before
    company.judge(busy(11, for_nights=2), on=night(1))
    before = everything(company)
    again = company.judge(busy(11, for_nights=2), on=night(1))
    assert (again.changed, again.transitions) == ((), ())
    assert everything(company) == before


def test_rebuilt_history_does_not_alert(company):
    company.judge(busy(1), on=night(5))
    before = everything(company)
    told = company.judge(busy(99), on=night(4))
    assert (news(told), told.evaluations) == ((), ())
    assert everything(company) == before


def test_nothing_said_is_not_nothing_wrong_unless_the_rule_lists_only_what_is_wrong(company):
    company.judge(busy(11))
    assert company.judge(silent(), on=night(1)).transitions == ()
    assert company.states() == [("crm:R1", "firing", None, 11.0)]
    company.judge(silent(when_missing="resolve"), on=night(2))
    assert company.states() == [("crm:R1", "resolved", "back_within_limits", 11.0)]


def test_a_refused_rule_holds_what_stands_even_when_it_lists_only_what_is_wrong(company):
    company.judge(busy(11, when_missing="resolve"))
    failing = rule_of("busy", [("crm:R9", "load", 1, None)], when_missing="resolve")
    told = company.judge(failing, on=night(1))
    assert told.evaluations[0].status == "refused"
    assert company.states() == [("crm:R1", "firing", None, 11.0)]


def test_a_rule_that_is_off_or_gone_ends_its_episodes(company):
    company.judge(busy(11))
    company.judge(busy(11), on=night(1), settings=settings_of(rules={"busy": {"enabled": False}}))
    assert company.states() == [("crm:R1", "resolved", "rule_off", 11.0)]
    company.judge(busy(11), on=night(2))
    company.judge(on=night(3))
    assert company.states() == [("crm:R1", "resolved", "rule_off", 11.0)] * 2


def test_who_is_gone_is_over(company):
    company.judge(busy(11))
    company.connection.execute("update core.dim_rep set termination_date = '2026-03-09' where rep_id = 'crm:R1'")
    company.judge(silent(), on=night(1))
    assert company.states() == [("crm:R1", "resolved", "subject_gone", 11.0)]


def test_settings_say_how_many_nights_and_how_bad(company):
    patient = settings_of(rules={"busy": {"for_nights": 2, "recover_nights": 2, "severity": "critical"}})
    for day, value in enumerate((11, 11, 1, 1)):
        company.judge(busy(value), on=night(day), settings=patient)
    found = company.rows("select to_state from ops.alert_transition order by place")
    assert [state for (state,) in found] == ["pending", "firing", "recovering", "resolved"]
    assert company.rows("select severity, nights, transitions from marts.alerts") == [("critical", 0, 4)]


def test_an_acknowledged_alert_stands_quietly(company):
    (begun,) = news(company.judge(busy(11)))
    told = company.judge(busy(12), on=night(1), acknowledged=frozenset({begun.alert_id}))
    assert (told.transitions[0].to_state, news(told)) == ("acknowledged", ())


def test_delivery_as_known_is_kept(company):
    company.judge(busy(11))
    company.connection.execute("update marts.alerts set notification_status = 'sent'")
    company.judge(busy(12), on=night(1))
    assert company.rows("select value, notification_status from marts.alerts") == [(12.0, "sent")]
