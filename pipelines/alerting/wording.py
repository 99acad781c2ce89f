"""Words and figures of messages. Names come from a CRM: whatever a chat or a mail program would obey is taken out."""

from __future__ import annotations

import json
import math
import unicodedata

from models.alerts import Beyond

_LONGEST_NAME = 80
_OBEYED = str.maketrans(
    {
        "<": "‹", ">": "›", "[": "(", "]": ")", "{": "(", "}": ")",
        "`": "'", "*": "·", "~": "-", "|": "/", "\\": "/", "@": "@\u200b",
    }
)  # fmt: skip
"""Mentions, links, tags and formatting of Slack, Teams, Discord, markdown and HTML; they stay readable."""
_SHARES = ("share", "rate", "share a year")
_SIDES = {
    Beyond.OVER: "over the limit of",
    Beyond.AT_LEAST: "at or over the limit of",
    Beyond.UNDER: "under the limit of",
    Beyond.AT_MOST: "at or under the limit of",
}


def harmless(text: str, longest: int = _LONGEST_NAME) -> str:
    """A name in one line that no chat, mail program or browser obeys: no mentions, links, tags or control signs."""
    visible = "".join(" " if unicodedata.category(sign)[0] in "CZ" else sign for sign in text)
    words = " ".join(visible.replace("://", " ").split())
    cut = words if len(words) <= longest else words[: longest - 1] + "…"
    return cut.translate(_OBEYED)


def figure(value: float, unit: str | None, decimals: int | None = None) -> str:
    """A figure with its unit: shares as percent, large ones without decimals, small ones with up to two."""
    if not math.isfinite(value):
        return "endless" if value > 0 else "nothing that can be told"
    if unit in _SHARES:
        return f"{value * 100:.{1 if decimals is None else decimals}f} %"
    if decimals is None:
        is_small = abs(value) < 10 and round(value, 1) != round(value, 2)
        decimals = 0 if value == int(value) or abs(value) >= 1000 else 2 if is_small else 1
    return f"{value:,.{decimals}f}{f' {harmless(unit)}' if unit else ''}"


def bare_figure(value: float, unit: str | None, decimals: int | None = None) -> str:
    """A figure beside one whose unit was said; a share is percent all the same."""
    return figure(value, unit if unit in _SHARES else None, decimals)


def against_limit(value: float, threshold: float, beyond: Beyond | None, unit: str | None) -> str:
    """`20.04 %, over the limit of 20.00 %`, or `20.04 % (limit 20.00 %)` when nobody says on which side it is too much;
    with as many decimals as it takes to see the difference.
    """
    decimals: int | None = None
    for more in (2, 3, 4):
        if figure(value, unit, decimals) != figure(threshold, unit, decimals) or value == threshold:
            break
        decimals = more
    if beyond is None:
        return f"{figure(value, unit, decimals)} (limit {bare_figure(threshold, unit, decimals)})"
    return f"{figure(value, unit, decimals)}, {_SIDES[beyond]} {figure(threshold, unit, decimals)}"


def how_unusual(value: float | None, baseline: float | None, peers: float | None, unit: str | None) -> str | None:
    """`2.1 times its own usual, 1.8 times colleagues'`; a quotient has no quotient, then the usual figures are told."""
    usual = [(one, what) for one, what in ((baseline, "its own usual"), (peers, "colleagues'")) if one is not None]
    if not usual or value is None:
        return None
    if unit == "times":
        return ", ".join(f"{what}: {figure(one, None)}" for one, what in usual)
    return ", ".join(
        f"{value / one:.1f} times {what}" if one > 0 else f"{what}: {figure(one, unit)}" for one, what in usual
    )


def evidence_lines(evidence: str | None, most: int = 3) -> list[str]:
    """The first figures of the evidence that are known, a line each."""
    content = json.loads(evidence) if evidence else None
    if not isinstance(content, dict):
        return []
    known = [(str(name), value) for name, value in content.items() if value is not None]
    return [f"{harmless(name)}: {_plain(value)}" for name, value in known[:most]]


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float) and math.isfinite(value):
        return f"{value:,.0f}" if abs(value) >= 1000 or value == int(value) else f"{value:,.3g}"
    if isinstance(value, list):
        return harmless(", ".join(map(str, value)), 160)
    return harmless(str(value), 160)
