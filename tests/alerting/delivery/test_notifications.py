"""What the outbox says of an alert: whether people were told, and what was given up."""

from datetime import UTC, datetime

from pipelines.alerting.notifications import (
    DeadLetter,
    Notification,
    NotificationStatus,
    read_dead_letters,
    read_notifications,
)
from tests.alerting.delivery.made_news import fired

PATH = "/alerts/very-secret-path"
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def test_an_alert_is_waiting_then_sent_then_told_when(office, webhook, httpserver):
    assert read_notifications(office.store) == {}
    office.tell(fired("a1"))
    assert read_notifications(office.store) == {"a1": Notification(NotificationStatus.WAITING, None)}
    httpserver.expect_request(PATH).respond_with_data("")
    office.deliver()
    assert read_notifications(office.store) == {"a1": Notification(NotificationStatus.SENT, NOON)}
    assert read_dead_letters(office.store) == ()


def test_of_several_channels_the_one_that_needs_attention_is_told(office, webhook, httpserver):
    httpserver.expect_request(PATH).respond_with_data("")
    office.configure(webhook, {**webhook, "name": "gone"})
    office.tell(fired("a1"))
    office.configure(webhook)
    office.deliver()
    assert read_notifications(office.store) == {"a1": Notification(NotificationStatus.DEAD, NOON)}
    (letter,) = read_dead_letters(office.store)
    fault = "gone: the settings no longer name the channel"
    assert letter == DeadLetter(letter.message_id, "gone", "warning", NOON, 1, fault)


def test_without_a_store_nobody_was_told_and_nothing_is_dead(office):
    assert (read_notifications(office.store), read_dead_letters(office.store)) == ({}, ())
