"""Delivery over time: what is tried again and when, what is held back, what is given up, and that no secret is kept."""

import fcntl
import logging
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from werkzeug import Response

from models.alert_settings import Alerts, QuietHours
from models.errors import SettingsError, TouchlineError
from pipelines.alerting.credentials import check_channels
from pipelines.alerting.delivery import Delivered
from pipelines.alerting.outbox import HEARTBEAT, enqueue_heartbeat
from pipelines.alerting.queue import revive_dead, take
from pipelines.alerting.quiet_hours import quiet_until
from tests.alerting.delivery.conftest import KEY
from tests.alerting.delivery.made_news import fired, of_source

PATH = "/alerts/very-secret-path"


def teams(count, **changes):
    return [fired(f"a{number:02}", team=f"T{number:02}", **changes) for number in range(count)]


def test_retry_after_holds_the_whole_channel_back_just_so_long(office, webhook, httpserver):
    httpserver.expect_oneshot_request(PATH).respond_with_data("", 429, {"Retry-After": "40"})
    office.tell(*teams(2))
    assert office.deliver() == Delivered(waiting=2, faults=(("hook", "answered 429"),))
    office.clock.go(seconds=39)
    assert office.deliver().sent == 0 and len(httpserver.log) == 1
    httpserver.expect_request(PATH).respond_with_data("")
    office.clock.go(seconds=1)
    assert office.deliver() == Delivered(sent=2)


def test_a_fault_is_tried_again_after_times_that_double_and_are_random(office, webhook, httpserver):
    httpserver.expect_request(PATH).respond_with_data("", 500)
    office.tell(fired())
    waits = []
    for seed in range(12):
        office.deliver(seed=seed)
        (until,) = [datetime.fromisoformat(row[0]) for row in office.rows("not_before, state")]
        waits.append((until - office.clock.now()).total_seconds())
        office.clock.at = until
    assert all(1 <= wait <= min(30 * 2**place, 3600) for place, wait in enumerate(waits))
    assert max(waits) > 60 and len(set(waits)) == 12
    assert office.rows("attempts, state") == [(12, "waiting")]


def test_waiting_within_the_budget_and_never_beyond_it(office, webhook, httpserver):
    httpserver.expect_ordered_request(PATH).respond_with_data("", 503, {"Retry-After": "5"})
    httpserver.expect_ordered_request(PATH).respond_with_data("", 503, {"Retry-After": "60"})
    office.tell(fired())
    assert office.deliver(30) == Delivered(waiting=1, faults=(("hook", "answered 503"),))
    assert office.clock.slept == [5.0]


def test_only_so_many_messages_go_out_in_a_minute(office, webhook, httpserver):
    httpserver.expect_request(PATH).respond_with_data("")
    office.configure({**webhook, "max_per_minute": 3})
    office.tell(*teams(8))
    assert office.deliver(59) == Delivered(sent=3, waiting=5)
    assert office.deliver(60) == Delivered(sent=3, waiting=2)
    assert office.deliver(60) == Delivered(sent=2)
    assert office.clock.slept == [60.0, 60.0]


def test_five_faults_in_a_row_hold_the_rest_of_the_channel_back_until_its_next_try(office, webhook, httpserver, mail):
    httpserver.expect_request(PATH).respond_with_data("", 500)
    office.configure(webhook, {"name": "mail", "url": "env:MAIL", "about_reps": True}, environment={"MAIL": mail.url})
    office.tell(*teams(9))
    assert office.deliver() == Delivered(sent=9, waiting=9, faults=(("hook", "answered 500"),))
    assert len(httpserver.log) == 5 and len(mail.mails) == 9
    ((failures, waits_until),) = office.rows("failures, waits_until", "alert_channel where channel = 'hook'")
    assert failures == 5
    office.clock.at = datetime.fromisoformat(waits_until)
    office.deliver()
    assert len(httpserver.log) == 6, "one message finds out for all"
    httpserver.clear()
    httpserver.expect_request(PATH).respond_with_data("")
    office.clock.go(hours=1)
    assert office.deliver().sent == 9, "one that arrives opens the channel again"


def test_after_so_many_hours_a_message_is_a_dead_letter(office, webhook, httpserver):
    httpserver.expect_request(PATH).respond_with_data("", 500)
    office.configure(webhook, give_up_after_hours=2)
    office.tell(fired())
    office.clock.go(hours=1)
    assert office.deliver().dead == 0
    office.clock.go(hours=1)
    assert office.deliver() == Delivered(dead=1, faults=(("hook", "answered 500"),))
    assert office.deliver() == Delivered()
    assert office.rows("state, last_error") == [("dead", "hook: answered 500")]


def test_what_nobody_tried_to_deliver_for_long_is_tried_before_it_is_given_up(office, webhook, httpserver):
    httpserver.expect_request(PATH).respond_with_data("")
    office.tell(fired())
    office.clock.go(days=30)
    assert office.deliver() == Delivered(sent=1)


def test_dead_letters_go_out_once_they_are_revived(office, webhook, httpserver):
    httpserver.expect_oneshot_request(PATH).respond_with_data("", 410)
    office.tell(fired())
    assert office.deliver().dead == 1
    httpserver.expect_request(PATH).respond_with_data("")
    assert revive_dead(office.store, office.clock.now(), timedelta(hours=72)) == 1
    assert office.deliver() == Delivered(sent=1)


def test_quiet_hours_hold_back_what_is_not_critical(office, webhook, httpserver):
    httpserver.expect_request(PATH).respond_with_data("")
    office.configure({**webhook, "quiet_hours": {"start": "20:00", "end": "07:00"}})
    office.timezone = "America/New_York"
    office.clock.at = datetime(2026, 3, 4, 3, 15, tzinfo=UTC)  # 22:15 in New York
    office.tell(fired(), of_source())
    assert office.deliver() == Delivered(sent=1, waiting=1)
    assert httpserver.log[0][0].json["severity"] == "critical"
    assert office.deliver(9 * 3600) == Delivered(sent=1)
    assert office.clock.at == datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "hours", "until"),
    [
        ("2026-03-04T19:59-05:00", ("20:00", "07:00"), None),
        ("2026-03-04T20:00-05:00", ("20:00", "07:00"), "2026-03-05T07:00-05:00"),
        ("2026-03-05T06:59-05:00", ("20:00", "07:00"), "2026-03-05T07:00-05:00"),
        ("2026-03-05T07:00-05:00", ("20:00", "07:00"), None),
        ("2026-03-05T13:00-05:00", ("12:30", "14:00"), "2026-03-05T14:00-05:00"),
        ("2026-03-05T13:00-05:00", ("13:00", "13:00"), None),
        # clocks go forward at 02:00 on 8 March
        ("2026-03-07T22:00-05:00", ("20:00", "07:00"), "2026-03-08T07:00-04:00"),
        ("2026-03-08T01:00-05:00", ("20:00", "02:30"), "2026-03-08T03:30-04:00"),
        # and back at 02:00 on 1 November: 01:30 comes twice
        ("2026-10-31T22:00-04:00", ("20:00", "07:00"), "2026-11-01T07:00-05:00"),
        ("2026-11-01T01:45-04:00", ("20:00", "01:30"), "2026-11-01T01:30-05:00"),
        ("2026-11-01T01:15-05:00", ("20:00", "01:30"), "2026-11-01T01:30-05:00"),
        ("2026-11-01T01:30-05:00", ("20:00", "01:30"), None),
    ],
)
def test_quiet_hours_run_over_midnight_and_over_changes_of_the_clocks(now, hours, until):
    found = quiet_until(datetime.fromisoformat(now), QuietHours(start=hours[0], end=hours[1]), "America/New_York")
    assert found == (until and datetime.fromisoformat(until))


def test_a_heartbeat_is_one_get_of_its_address(office, httpserver):
    httpserver.expect_request("/beat", method="GET").respond_with_data("")
    office.configure(heartbeat_url="env:BEAT", environment={"BEAT": httpserver.url_for("/beat")})
    for night in ("000041", "000042"):
        enqueue_heartbeat(office.store, night, at=office.clock.now(), give_up_after=timedelta(hours=72))
    assert office.deliver() == Delivered(sent=1)
    assert office.rows("channel, state") == [(HEARTBEAT, "sent")]
    assert len(httpserver.log) == 1


def test_one_process_delivers_at_a_time(office, webhook, httpserver):
    office.tell(fired())
    descriptor = os.open(office.store.with_name("delivery.lock"), os.O_RDWR | os.O_CREAT)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        assert office.deliver() == Delivered(waiting=1, is_elsewhere=True)
    finally:
        os.close(descriptor)
    assert httpserver.log == []


def test_a_message_that_a_killed_process_was_sending_goes_out_under_the_same_key(office, webhook, httpserver):
    from pipelines.alerting.delivery import _terms

    httpserver.expect_request(PATH).respond_with_data("")
    office.tell(fired())
    taken = take(office.store, office.clock.now(), _terms(office.settings, "UTC", office.clock.now()))
    assert office.rows("state, attempts") == [("sending", 1)]
    assert office.deliver() == Delivered(sent=1)
    assert httpserver.log[0][0].headers["Idempotency-Key"] == taken.message_id


def test_what_is_sent_is_not_kept_because_it_names_people(office, webhook, httpserver):
    httpserver.expect_request(PATH).respond_with_data("")
    office.tell(*teams(20))
    assert b"Ana Diaz" in office.store.read_bytes()
    office.deliver()
    assert set(office.rows("state, body, last_error")) == {("sent", "", None)}
    assert b"Ana Diaz" not in office.store.read_bytes()


def test_a_channel_that_left_the_settings_is_dead_and_an_unset_variable_waits(office, webhook, httpserver):
    office.configure(webhook, {**webhook, "name": "gone"})
    office.tell(fired())
    office.configure(webhook)
    del office.environment["HOOK_URL"]
    assert office.deliver() == Delivered(
        waiting=1, dead=1,
        faults=(("gone", "the settings no longer name the channel"),
                ("hook", "the environment variable HOOK_URL is not set")),
    )  # fmt: skip


def test_a_lock_that_cannot_be_opened_says_so_and_keeps_the_messages(office, webhook, httpserver):
    office.tell(fired())
    office.store.with_name("delivery.lock").mkdir()
    with pytest.raises(TouchlineError, match="so nothing was delivered"):
        office.deliver()
    assert office.rows() == [("hook", "waiting")]


def test_no_store_is_nothing_to_do(office):
    assert office.deliver() == Delivered()
    assert not office.store.exists()


@pytest.mark.parametrize("answer", [200, 302, 404, 429, 500])
def test_no_secret_is_in_the_store_the_log_or_what_is_returned(office, webhook, httpserver, mail, caplog, answer):
    caplog.set_level(logging.DEBUG)
    logging.getLogger("httpx").setLevel(logging.DEBUG)
    httpserver.expect_request("/hooks/4711471147114711").respond_with_data("", answer, {"Location": PATH})
    httpserver.expect_request(PATH).respond_with_data("4711", answer, {"Location": PATH})
    chat = {"name": "chat", "url": "env:CHAT_URL", "about_reps": True}
    office.configure(
        webhook, chat, {**chat, "name": "mail", "url": "env:MAIL_URL"}, heartbeat_url="env:HOOK_URL",
        environment={
            "CHAT_URL": f"mmost://127.0.0.1:{httpserver.port}/4711471147114711",
            "MAIL_URL": mail.url.replace("mailto://", "mailto://user:4711@") + "&pass=4711",
        },
    )  # fmt: skip
    check_channels(office.settings, office.environment)
    office.tell(fired())
    enqueue_heartbeat(office.store, "000001", at=office.clock.now(), give_up_after=timedelta(hours=72))
    done = office.deliver()
    kept = b"".join(path.read_bytes() for path in office.store.parent.iterdir())
    said = [record.getMessage() for record in caplog.records if record.name not in ("werkzeug", "mail.log")]
    said = "\n".join([*said, repr(done), kept.decode("latin-1")])
    for secret in ("very-secret-path", "4711", KEY, mail.url):
        assert secret not in said, secret
    assert len(httpserver.log) >= 3


@pytest.mark.parametrize(
    ("changes", "environment", "words"),
    [
        ({}, {"HOOK_KEY": "k"}, "needs the environment variable HOOK_URL, which is not set"),
        ({}, {"HOOK_KEY": "k", "HOOK_URL": "  "}, "needs the environment variable HOOK_URL"),
        ({}, {"HOOK_URL": "https://example.com/4711"}, "needs the environment variable HOOK_KEY"),
        ({"secret": None}, {"HOOK_URL": "https://example.com/4711"}, "a webhook without `secret`"),
        ({}, {"HOOK_KEY": "k", "HOOK_URL": "http://example.com/4711"}, "is not encrypted"),
        ({}, {"HOOK_KEY": "k", "HOOK_URL": "https://0xa9fea9fe/4711"}, "is a private, local or metadata address"),
        ({}, {"HOOK_KEY": "k", "HOOK_URL": "4711"}, "does not begin with https"),
    ],
)
def test_a_channel_that_could_never_send_fails_at_start(changes, environment, words):
    hook = {"name": "hook", "kind": "webhook", "url": "env:HOOK_URL", "secret": "env:HOOK_KEY"} | changes
    with pytest.raises(SettingsError, match=words) as refused:
        check_channels(Alerts.model_validate({"channels": [hook]}), environment)
    assert "4711" not in str(refused.value) and "'hook'" in str(refused.value)


def test_a_heartbeat_without_its_variable_fails_at_start():
    with pytest.raises(SettingsError, match=r"alerts\.heartbeat_url needs the environment variable BEAT"):
        check_channels(Alerts(heartbeat_url="env:BEAT"), {})


def test_a_night_without_channels_imports_neither_apprise_nor_httpx():
    program = (
        "import sys, pipelines.alerting.delivery, pipelines.alerting.outbox, pipelines.alerting.credentials,"
        " pipelines.alerting.samples; print([name for name in ('apprise', 'httpx', 'requests') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_an_answer_that_never_ends_is_not_read(office, webhook, httpserver):
    def endless():
        while True:
            yield b"x" * 1024

    httpserver.expect_request(PATH).respond_with_handler(lambda request: Response(endless(), 200))
    office.tell(fired())
    assert office.deliver() == Delivered(sent=1)
