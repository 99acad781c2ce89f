"""One JSON line a page: HubSpot's answers as they came, side by side, and who was merged into whom."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.sources.extraction.polite import Answer
from pipelines.sources.hubspot.crm_types import CrmType


def line(page: bytes, crm_type: CrmType | None = None, records: Sequence[Any] = (), **beside: bytes) -> bytes:
    """`{"page": …, "associations": {"contacts": …}, "merged": [{"id": …, "into": …, "at": …}]}`.

    HubSpot tells the survivor whom it swallowed; `merged` turns that into a row a merged id, so that the loser's record
    can say where it went.
    """
    parts = [b'{"page": ' + _one_line(page)]
    if beside:
        inner = b", ".join(f'"{name}": '.encode() + _one_line(body) for name, body in beside.items())
        parts.append(b'"associations": {' + inner + b"}")
    if crm_type is not None and crm_type.merged:
        parts.append(b'"merged": ' + _written(merges(records, crm_type.merged)))
    return b", ".join(parts) + b"}\n"


def spliced(answers: Sequence[Answer]) -> bytes:
    """Several answers to one question as one: their `results` one after the other; one alone stays as it came."""
    if len(answers) == 1:
        return answers[0].body
    return _written({"results": [result for answer in answers for result in answer.value["results"]]})


def merges(records: Sequence[Mapping[str, Any]], names: Sequence[str]) -> list[dict[str, str | None]]:
    """A row an id that one of the records swallowed. `hs_calculated_merged_vids` has `id:epoch-ms`, the other `id`."""
    found = []
    for record in records:
        properties = record.get("properties") or {}
        texts = ";".join(str(properties.get(name) or "") for name in names)
        losers = dict.fromkeys(part.partition(":")[0].strip() for part in texts.split(";"))
        found += [
            {"id": loser, "into": str(record["id"]), "at": record.get("updatedAt")}
            for loser in losers
            if loser and loser != str(record["id"])
        ]
    return found


def _one_line(body: bytes) -> bytes:
    """A line break in JSON stands outside of strings (inside it is written `\\n`): a blank says the same."""
    return body.strip().replace(b"\r", b" ").replace(b"\n", b" ")


def _written(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
