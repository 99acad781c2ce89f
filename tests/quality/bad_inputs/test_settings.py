"""Section H: settings with surprises are told where they are wrong, mean what they say, and never show a secret."""

import pytest

from models.errors import SettingsError
from models.settings import load_settings

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{here}: &{here} [{', '.join([f'*{before}'] * 9)}]\n" for before, here in zip("abcdefgh", "bcdefghi", strict=True)
)


def read(tmp_path, text):
    path = tmp_path / "touchline.yaml"
    path.write_text(text, encoding="utf-8")
    return load_settings(path, {})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("company:\n\tname: x\n", "at line 2, column 1"),
        ("company: !!python/object/apply:os.system ['true']\n", "is no valid YAML"),
        (BOMB, "touchline.yaml is "),
        ("metrics: {connected_call_seconds: 1e3}", "valid integer"),
        ("compny: {}", "Did you mean 'company'?"),
        ("sources: [{name: 'events; drop table x', kind: canonical, path: a}]", "sources.0.name"),
        (f"sources: [{{name: {'a' * 300}, kind: canonical, path: a}}]", "sources.0.name"),
        ("sources: [{name: Crm, kind: canonical, path: a}, {name: crm, kind: canonical, path: b}]", "sources.0.name"),
    ],
    ids=["tab", "object", "bomb", "exponent", "misspelt", "statement", "long", "two_cases"],
)
def test_a_surprise_is_refused_and_its_place_is_told(tmp_path, text, said):
    with pytest.raises(SettingsError) as refused:
        read(tmp_path, text)
    assert said in str(refused.value)
    assert len(str(refused.value)) < 1_000


def test_a_reserved_word_is_a_name_like_any_other(tmp_path):
    assert read(tmp_path, "sources: [{name: select, kind: canonical, path: a}]").sources[0].name == "select"


def test_no_and_clock_times_are_words(tmp_path):
    found = read(tmp_path, "company: {holidays: {default_country: NO}, workday_hours: {start: 09:30, end: 12:30}}")
    assert (found.company.holidays.default_country, found.company.workday_hours.end) == ("NO", "12:30")


@pytest.mark.parametrize(
    "text",
    [
        "sources: [{name: hub, kind: hubspot_api, api: {token: pat-HUSH}}]",
        "sources: [{name: hub, kind: hubspot_api, api: {token: [pat-HUSH]}}]",
        "sources: [{name: sf, kind: salesforce_api, api: {client_id: x-HUSH, client_secret: y-HUSH}}]",
        "alerts: {channels: [{name: chat, url: 'https://user:HUSH@hooks.example/x'}]}",
        "alerts: {heartbeat_url: 'https://hc.example/HUSH'}",
    ],
)
def test_a_secret_in_the_settings_is_refused_without_being_shown(tmp_path, text):
    with pytest.raises(SettingsError) as refused:
        read(tmp_path, text)
    assert "HUSH" not in str(refused.value)
    assert "write env:NAME" in str(refused.value)
