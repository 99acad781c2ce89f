"""The five questions of `touchline init` in a terminal; Enter takes each default, and a program is never asked."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

import typer

_KINDS = {
    "none": "canonical",
    "salesforce": "salesforce_export",
    "hubspot": "hubspot_export",
    "pipedrive": "pipedrive_export",
}


def is_somebody_there() -> bool:
    """Whether a person sits at both ends."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def ask_for_settings(text: str) -> str:
    """The template `text` with the answers in it. A wrong answer is asked for again."""
    company = _ask("Your company's name", "My company", _anything)
    zone = _ask("Its time zone, such as Europe/Istanbul", _zone_here(), _zone)
    currency = _ask("The currency of its reports, such as EUR", "USD", _currency)
    kind = _ask(f"Your CRM, whose exports will be dropped ({', '.join(_KINDS)})", "none", _kind)
    folder = _ask("The folder of the exports, below the workspace or absolute", "inbox/crm", _anything)
    answers = {
        "  name: My company": f"  name: {_quoted(company)}",
        "  timezone: UTC": f"  timezone: {zone}",
        "  currency: USD": f"  currency: {currency}",
        "    kind: canonical": f"    kind: {kind}",
        "    path: inbox/crm": f"    path: {_quoted(folder)}",
    }
    for line, answer in answers.items():
        before, after = text.split(f"\n{line}\n", 1)
        text = f"{before}\n{answer}\n{after}"
    return text


def _quoted(answer: str) -> str:
    """As YAML's double-quoted text, which is JSON's, where the answer could mean something else."""
    return answer if re.fullmatch("[A-Za-z][A-Za-z0-9 ./_-]*", answer) else json.dumps(answer, ensure_ascii=False)


def _ask(question: str, default: str, check: Callable[[str], str]) -> str:
    found: str = typer.prompt(question, default=default, value_proc=check)
    return found


def _anything(answer: str) -> str:
    if not answer.strip().isprintable() or not answer.strip():
        raise typer.BadParameter("write it in letters that print")
    return answer.strip()


def _zone(answer: str) -> str:
    from models.places import known_zone

    try:
        return known_zone(answer.strip())
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def _currency(answer: str) -> str:
    if re.fullmatch("[A-Z]{3}", answer.strip().upper()) is None:
        raise typer.BadParameter("a currency is three letters, such as EUR")
    return answer.strip().upper()


def _kind(answer: str) -> str:
    if answer.strip().lower() not in _KINDS:
        raise typer.BadParameter(f"one of {', '.join(_KINDS)}")
    return _KINDS[answer.strip().lower()]


def _zone_here() -> str:
    """This machine's zone, where it says which; a guess that the question shows."""
    parts = Path(os.path.realpath("/etc/localtime")).parts
    named = os.environ.get("TZ") or "/".join(parts[parts.index("zoneinfo") + 1 :] if "zoneinfo" in parts else ())
    try:
        return _zone(named)
    except typer.BadParameter:
        return "UTC"
