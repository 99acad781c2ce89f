"""The mapping proposed for a calendar or a mailbox: their columns are the reader's own, only the mail domain is not."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from models.mapping import FileFormat
from models.strict_yaml import read_yaml
from pipelines.sources.inspecting.rules import Rule
from pipelines.sources.inspecting.sample import TABLE

ENTITY = "activities"
_WHO = {FileFormat.ICS: "organizer_email", FileFormat.MBOX: "from_email"}
_NOWHERE = "your-company.example"


@dataclass(frozen=True)
class Proposed:
    """`fields` of a mapping, with what a person has to look at."""

    fields: dict[str, Rule]
    notes: tuple[str, ...]


def propose_fields(connection: duckdb.DuckDBPyConnection, file_format: FileFormat) -> Proposed | None:
    """None for any other format. The commonest domain among organizers or senders is taken for the company's."""
    if file_format not in _WHO:
        return None
    who = _WHO[file_format]
    found = connection.execute(
        f"select split_part({who}, '@', 2) as domain from {TABLE} where {who} like '%_@_%'"
        " group by domain order by count(*) desc, domain limit 1"
    ).fetchone()
    domain = str(found[0]) if found else _NOWHERE
    text = json.dumps(_shipped()[str(file_format)]).replace("DOMAIN", json.dumps(_as_pattern(domain))[1:-1])
    note = f"{domain} is taken for your mail domain: check this; docs/sources_calendars_mail.md says how reps are known"
    return Proposed(json.loads(text), (note,))


def _as_pattern(domain: str) -> str:
    return re.sub(r"[^a-z0-9-]", lambda match: f"[{match[0]}]" if match[0] == "." else ".", domain.lower())


@cache
def _shipped() -> dict[str, Any]:
    return dict(read_yaml(Path(__file__).with_name("calendars_mail.yaml")))
