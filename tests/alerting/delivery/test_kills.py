"""Deliverers killed with SIGKILL, anywhere, against a real HTTP and a real SMTP server: at least once, one key each."""

import json
import os
import random
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from pydantic import SecretStr
from werkzeug import Response

from pipelines.alerting.webhook import signature
from tests.alerting.delivery.conftest import KEY
from tests.alerting.delivery.made_news import fired
from tests.reliability import record

KILLS = 200
PATH = "/alerts/very-secret-path"


@pytest.fixture(scope="module")
def deliverer():
    """Asks deliverer.py to do a job."""
    command = [sys.executable, str(Path(__file__).with_name("deliverer.py"))]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:

        def ask(office, kill_after=None):
            settings = office.settings.model_dump(mode="json")
            job = {"store": str(office.store), "settings": settings, "environment": office.environment}
            process.stdin.write(json.dumps({**job, "kill_after": kill_after}) + "\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())

        yield ask
        process.stdin.close()


@pytest.fixture
def receivers(office, webhook, httpserver, mail):
    """Two channels; `receivers()` lists what arrived as (channel, key, content)."""
    posts = []

    def take(request):
        moment = int(request.headers["Touchline-Signature"].split(",")[0].removeprefix("t="))
        if request.headers["Touchline-Signature"] != signature(request.data, SecretStr(KEY), moment):
            return Response(status=400)  # half a request of a process that was killed
        posts.append(("hook", request.headers["Idempotency-Key"], request.data))
        return Response(status=204)

    httpserver.expect_request(PATH).respond_with_handler(take)
    chat = {"name": "mail", "url": "env:MAIL_URL", "about_reps": True, "max_per_minute": 100_000}
    office.configure({**webhook, "max_per_minute": 100_000}, chat, environment={"MAIL_URL": mail.url})
    return lambda: posts + [arrival(one) for one in mail.mails]


def arrival(mail):
    words = mail.get_body(("plain", "html")).get_content()
    return "mail", re.search("Message ([0-9a-f]{32})", words)[1], (mail["Subject"], words)


def tell(office, trial):
    """One message a channel."""
    office.tell(fired(f"{trial:03}"))


@pytest.mark.slow
def test_no_kill_loses_a_message_and_twice_is_the_same_key(office, receivers, deliverer):
    chance = random.Random(4711)
    tell(office, 0)
    whole = deliverer(office)["seconds"]
    found_sending = kills = 0
    for trial in range(1, KILLS + 1):
        tell(office, trial)
        kills += deliverer(office, kill_after=chance.uniform(0, whole))["was_killed"]
        found_sending += any(state == "sending" for state, _ in office.rows("state, message_id"))
    assert not deliverer(office)["was_killed"]
    ended = office.rows("state, channel, last_error")
    assert {state for state, _, _ in ended} == {"sent"}, [row for row in ended if row[0] != "sent"]

    arrived = receivers()
    expected = {(channel, key) for channel, key in office.rows("channel, message_id")}
    assert len(expected) == 2 * (KILLS + 1)
    assert {(channel, key) for channel, key, _ in arrived} == expected, "none is lost, none is of another key"
    contents = {(channel, key, str(content)) for channel, key, content in arrived}
    assert len(contents) == len(expected), "what came twice is the same"
    twice = sum(times - 1 for times in Counter((channel, key) for channel, key, _ in arrived).values())
    print(f"{kills} kills, {found_sending} while sending, {len(arrived)} arrivals, {twice} of them once more")
    assert kills > KILLS / 2 and found_sending > 0
    figure = f"{kills} kills, {found_sending} while sending; {len(expected)} messages, {twice} of them came again, each under its key"
    record("no message is lost, and one that comes twice has one key", figure, kills)
