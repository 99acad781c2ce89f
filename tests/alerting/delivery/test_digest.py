"""What a message says, in which order, and that no name in it is obeyed by whoever shows it."""

import html

from hypothesis import given
from hypothesis import strategies as st

from models.alerts import AlertSeverity
from pipelines.alerting.digest import make_digest, worst_severity
from pipelines.alerting.messages import Digest, text_of
from pipelines.alerting.wording import against_limit, harmless
from tests.alerting.delivery.made_news import RULES, fired, of_source, of_team, over

KEY = "5f0c" * 8


def text(*news):
    return text_of(make_digest(news, RULES), KEY)


def test_an_alert_says_who_what_since_when_how_unusual_and_what_to_do():
    assert text(fired()) == (
        "WARNING: Ana Diaz is overloaded (crm:R1, team East)\n"
        "  Touches per workday of the last week: 102.4 touches, at or over the limit of 90 touches\n"
        "  since 2026-03-01\n"
        "  2.1 times its own usual, 1.8 times colleagues'\n"
        "  week of: 2026-02-23\n"
        "  touches: 512\n"
        "  workdays: 5\n"
        "  What to do: Move some accounts to colleagues. (docs/alerts.md#rep_overload)\n"
        "  Seen it? touchline alerts ack 0405257e11\n"
        "\n"
        f"Message {KEY}: if it comes twice, it is the same one."
    )


def test_what_is_over_stands_in_a_section_of_its_own():
    assert text(over()) == (
        "Over:\n"
        "  Ana Diaz is overloaded (crm:R1, team East): back within its limits, now 70 touches"
        " (since 2026-03-01, 0405257e11)\n"
        "\n"
        f"Message {KEY}: if it comes twice, it is the same one."
    )
    gone = over(resolution="subject_gone", value=None)
    assert "there is no such subject any more (since" in text(gone)


def test_the_worst_comes_first_then_what_is_furthest_beyond_then_the_id():
    news = [
        fired("d1", value=100.0), fired("c1", value=120.0), fired("b1", value=120.0), of_team("a1"), of_source("e1"),
        over("f1"),
    ]  # fmt: skip
    digest = make_digest(news, RULES)
    assert [item.alert_id for item in digest.alerts] == ["e1", "b1", "c1", "a1", "d1"]
    assert [item.alert_id for item in digest.resolved] == ["f1"]
    assert digest.subject == "Source dialer is silent and 4 more"
    assert worst_severity(news) is AlertSeverity.CRITICAL
    assert worst_severity([over(severity=AlertSeverity.CRITICAL)]) is AlertSeverity.INFO


def test_after_ten_alerts_the_rest_is_a_number():
    whole = text(*[fired(f"a{number:02}", value=100.0 + number) for number in range(13)])
    assert whole.count("WARNING") == 10
    assert "… and 3 more: touchline alerts list" in whole
    assert "ack a12" in whole and "ack a02" not in whole


def test_a_service_with_little_room_gets_fewer_alerts_and_always_the_key():
    digest = make_digest([fired(f"a{number:02}") for number in range(4)] + [over("f1")], RULES)
    short = text_of(digest, KEY, 1000)
    assert len(short) <= 1000
    assert short.count("WARNING") == 2
    assert "… and 2 more: touchline alerts list" in short
    for limit in (100, 200, 400, 800, 3000):
        cut = text_of(digest, KEY, limit)
        assert len(cut) <= limit and cut.endswith(f"Message {KEY}: if it comes twice, it is the same one.")


def test_a_figure_has_the_decimals_that_show_what_is_beyond():
    assert against_limit(0.24, 0.2, None, "share") == "24.0 % (limit 20.0 %)"
    assert against_limit(0.2004, 0.2, None, "share") == "20.04 % (limit 20.00 %)"
    assert against_limit(90.0, 90.0, None, "touches") == "90 touches (limit 90)"
    assert against_limit(12345.67, 4000.0, None, None) == "12,346 (limit 4,000)"
    assert against_limit(1.6, 1.35, None, "times") == "1.6 times (limit 1.35)"
    assert against_limit(0.3, 0.2, None, "share a year") == "30.0 % (limit 20.0 %)"


def test_a_quotient_has_no_quotient_and_nothing_usual_is_not_said():
    assert "its own usual: 48.8, colleagues': 56.9" in text(fired(unit="times", value=2.1, threshold=1.5))
    assert "usual" not in text(fired(baseline=None, peers=None))
    assert "its own usual: 0 touches" in text(fired(baseline=0.0, peers=None))


def test_an_endless_figure_is_no_number_of_json():
    digest = make_digest([fired(value=float("inf"), evidence='{"share": Infinity}')], RULES)
    assert digest.alerts[0].value is None
    assert "endless, at or over the limit of 90 touches" in digest.alerts[0].text
    assert "Infinity" not in digest.written()


def test_a_rule_that_is_gone_still_has_words():
    assert "WARNING: Ana Diaz (rep overload)" in text_of(make_digest([fired()], {}), KEY)


def test_a_digest_comes_back_from_the_store_as_it_was_written():
    digest = make_digest([fired(), over("f1")], RULES)
    assert Digest.read(digest.written()) == digest


def test_names_are_not_obeyed():
    nasty = (
        "<!channel> @everyone [pay](https://evil.example/x) `x` *b* ~s~ |t|\n\nCRITICAL: all\u202e\u0000 is lost <b>"
    )
    message = text(fired(subject_name=nasty, team="<!here>", evidence='{"<!here>\\n": "@all\\n<script>"}'))
    assert message.splitlines()[0] == (
        "WARNING: ‹!channel› @\u200beveryone (pay)(https evil.example/x) 'x' ·b· -s- /t/ CRITICAL: all … is overloaded"
        " (crm:R1, team ‹!here›)"
    )
    assert "  ‹!here›: @\u200ball ‹script›" in message.splitlines()


@given(st.text())
def test_no_name_holds_what_is_obeyed(name):
    safe = harmless(name)
    assert len(safe.replace("@\u200b", "@")) <= 80
    assert html.escape(safe, quote=False).replace("&amp;", "&") == safe
    assert not set(safe) & set("<>[]{}`*~|\\\n\r\t\0\u2028\u202e")
    assert "@" not in safe.replace("@\u200b", "") and "://" not in safe
