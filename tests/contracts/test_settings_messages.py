"""What a wrong touchline.yaml is told: the place, what was found, and what to write instead."""

import pytest

from models.errors import SettingsError
from models.settings import load_settings


def complaint(tmp_path, text):
    path = tmp_path / "touchline.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as refused:
        load_settings(path, {})
    return str(refused.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty: it names no source"),
        ("# only a comment\n", "is empty"),
        ("sources: [{name: x, kind: canonicl, path: a}]", "Did you mean 'canonical'?"),
        ("company: {week_start: Mondy}", "Did you mean 'monday'?"),
        ("company: {timezone: Europe/Berln}", "use an IANA name such as Europe/Berlin. Did you mean 'Europe/Berlin'?"),
        ("sources: [{name: x, kind: mapped, path: a}]", "say which of these a row is: activities, reps,"),
        ("sources: [{name: x, kind: canonical, path: a, entity: reps}]", "belong to kind: mapped; set it, or take them away"),
        ("company: {timezone: localtime}", "use an IANA name such as Europe/Berlin"),
        ("quality: {fresh_within_hours: 99999999999}", "1000000"),
        ("privacy: {keep_landed_days: 99999999999}", "36500"),
        ("engine: {memory_limit: 0%}", "memory_limit"),
        ("sources:\n  - {name: x, kind: canonical, path: 2026-02-30}", "'2026-02-30' is no day or time"),
        ("? [a]\n: b\n", "a key must be one word"),
        ("company: {workday_hours: {start: '18:00'}}", "write the earlier time as `start`"),
    ],
)  # fmt: skip
def test_each_mistake_is_told_with_its_mending(tmp_path, text, said):
    assert said in complaint(tmp_path, text)


def test_a_key_given_twice_is_told_with_both_lines(tmp_path):
    found = complaint(tmp_path, "company:\n  name: a\n  timezone: UTC\n  name: b\n")
    assert "the key 'name' is given twice, first on line 2\n  at line 4, column 3" in found
