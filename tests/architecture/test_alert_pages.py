"""The page that messages link to: a section for every rule, which names its limits."""

import re
from pathlib import Path

import pytest

from models.alerts import HEALTH_RULE_NAMES
from pipelines.night.shipped import shipped_rules

PAGE = Path(__file__).parents[2] / "docs" / "alerts.md"


def sections() -> dict[str, str]:
    """The page's second headings with what stands below them."""
    parts = re.split(r"^#+ +(.+)$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize("rule", shipped_rules(), ids=lambda rule: rule.name)
def test_a_message_links_to_a_section_that_names_every_limit(rule):
    assert rule.spec.runbook == f"docs/alerts.md#{rule.name}"
    section = sections()[rule.name]
    assert [limit.name for limit in rule.spec.limits if f"`{limit.name}`" not in section] == []
    assert "**Quiet" in section
    assert "**Look.**" in section
    assert "**What to do.**" in section


@pytest.mark.parametrize("rule", shipped_rules(), ids=lambda rule: rule.name)
def test_a_section_tells_the_limits_that_hold_when_nobody_says(rule):
    section = sections()[rule.name]
    said = [str(limit.default) for limit in rule.spec.limits if limit.default is not None]
    said += [str(rule.spec.min_sample)] if rule.spec.min_sample else []
    words = {"5": "five", "10": "ten"}
    assert [one for one in said if one not in section and words.get(one, one) not in section] == []


@pytest.mark.parametrize("rule", HEALTH_RULE_NAMES)
def test_the_pipelines_own_health_is_explained_too(rule):
    assert "**What to do.**" in sections()[rule]


def test_no_section_speaks_of_a_rule_that_is_gone():
    known = {*(rule.name for rule in shipped_rules()), *HEALTH_RULE_NAMES}
    assert {title for title in sections() if re.fullmatch(r"[a-z]+(_[a-z]+)+", title)} == known
