"""Receivers of messages that are real and local, an outbox to fill, and a clock that nobody has to wait for."""

import email
import email.policy
import json
import random
import socket
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from aiosmtpd.controller import Controller

from models.alert_settings import Alerts, Channel
from pipelines.alerting.delivery import deliver
from pipelines.alerting.outbox import Audience, enqueue
from tests.alerting.delivery.made_news import RULES

KEY = "a-long-random-text-4711"


class Clock:
    """Moves only when somebody sleeps."""

    def __init__(self, at="2026-03-04T12:00:00+00:00"):
        self.at = datetime.fromisoformat(at)
        self.slept = []

    def now(self):
        return self.at

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.at += timedelta(seconds=seconds)

    def go(self, **ahead):
        self.at += timedelta(**ahead)


class Inbox:
    """aiosmtpd's handler: keeps what it was given."""

    def __init__(self):
        self.mails = []

    async def handle_DATA(self, server, session, envelope):
        self.mails.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        return "250 taken"


class Office:
    """A store, settings, an environment and a clock; `channels` are settings of channels."""

    def __init__(self, store, clock):
        self.store, self.clock = store, clock
        self.environment, self.settings = {}, Alerts()
        self.headcounts = {"East": 12, "West": 7}
        self.min_group = 5
        self.timezone = "UTC"

    def configure(self, *channels, environment=None, **alerts):
        self.environment |= environment or {}
        self.settings = Alerts.model_validate({"channels": channels, "allow_hosts": ["127.0.0.1"], **alerts})

    def tell(self, *news, as_of=datetime(2026, 3, 3, 23, tzinfo=UTC)):
        hours = timedelta(hours=self.settings.give_up_after_hours)
        audience = Audience(self.settings.channels, RULES, self.headcounts, self.min_group, hours)
        return enqueue(self.store, audience, news, at=self.clock.now(), as_of=as_of)

    def deliver(self, budget_seconds=0.0, seed=1):
        return deliver(
            self.store, self.settings, self.environment, self.clock.now, budget_seconds,
            timezone=self.timezone, sleep=self.clock.sleep, chance=random.Random(seed),
        )  # fmt: skip

    def rows(self, columns="channel, state", table="alert_message"):
        with closing(sqlite3.connect(self.store)) as connection:
            return connection.execute(f"select {columns} from {table} order by 1, 2").fetchall()

    def digests(self, channel=None):
        return [json.loads(body) for name, body in self.rows("channel, body") if channel in (None, name)]


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def office(tmp_path, clock):
    return Office(tmp_path / "var" / "operator.sqlite", clock)


@pytest.fixture(scope="session")
def httpserver_listen_address():
    return "127.0.0.1", 0


@pytest.fixture
def webhook(office, httpserver):
    """A channel `hook` that posts to the local server; `httpserver` says what it answers."""
    channel = {"name": "hook", "kind": "webhook", "url": "env:HOOK_URL", "secret": "env:HOOK_KEY", "about_reps": True}
    environment = {"HOOK_URL": httpserver.url_for("/alerts/very-secret-path"), "HOOK_KEY": KEY}
    office.configure(channel, environment=environment)
    return channel


@pytest.fixture
def mail():
    """A local SMTP server: its address for apprise, and what it took."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    inbox = Inbox()
    controller = Controller(inbox, hostname="127.0.0.1", port=port)
    controller.start()
    inbox.url = f"mailto://127.0.0.1:{port}?from=touchline@example.com&to=ops@example.com"
    yield inbox
    controller.stop()


def channel_of(**changes):
    return Channel.model_validate({"name": "chat", "url": "env:CHAT_URL"} | changes)
