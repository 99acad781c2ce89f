"""A value as one line of YAML, for people to paste."""

from __future__ import annotations

import yaml


def yaml_line(value: object) -> str:
    """In flow style, letters of every language as they are, never broken into lines."""
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, sort_keys=False, width=100_000)
    return text.removesuffix("\n").removesuffix("\n...").strip()


def yaml_entry(value: dict[str, object]) -> str:
    """The only key of a mapping with its value, as it stands below another key: `aliases: {Started: [Start]}`."""
    return yaml_line(value)[1:-1]
