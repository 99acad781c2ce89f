"""What docs/alert_channels.md says works."""

import re
import time
from pathlib import Path

import yaml
from pydantic import SecretStr

from models.alert_settings import Alerts
from pipelines.alerting.webhook import signature

PAGE = (Path(__file__).parents[3] / "docs" / "alert_channels.md").read_text(encoding="utf-8")


def block(language):
    return re.search(f"```{language}\n(.*?)```", PAGE, re.DOTALL)[1]


def test_the_verification_takes_our_signature_and_no_other():
    names = {}
    exec(block("python"), names)
    is_from_touchline, now = names["is_from_touchline"], int(time.time())
    good = signature(b"{}", SecretStr("key"), now)
    assert is_from_touchline(good, b"{}", "key")
    assert not is_from_touchline(good, b"{ }", "key")
    assert not is_from_touchline(good, b"{}", "other")
    assert not is_from_touchline(signature(b"{}", SecretStr("key"), now - 3600), b"{}", "key")
    assert not is_from_touchline("", b"{}", "key")


def test_the_settings_are_settings():
    settings = Alerts.model_validate(yaml.safe_load(block("yaml"))["alerts"])
    assert [channel.name for channel in settings.channels] == ["sales-ops", "east-manager", "on-call", "warehouse"]
