"""Which contacts, companies and deals a record is linked to, however many: long lists of links have pages of their own."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pipelines.sources.hubspot.account import Account, next_cursor
from pipelines.sources.hubspot.crm_types import CrmType
from pipelines.sources.hubspot.lines import spliced


def links_of(account: Account, crm_type: CrmType, ids: Sequence[str]) -> dict[str, bytes]:
    """For each type that is linked, the answer to "to whom are these ids linked", as it came when it is one."""
    if not ids:
        return {}
    return {other: _linked(account, crm_type, other, ids) for other in crm_type.associations}


def links_cut_off(account: Account, crm_type: CrmType, records: Iterable[Mapping[str, Any]]) -> dict[str, bytes]:
    """All links of those listed records whose list of links does not hold them all; mostly there are none."""
    cut: dict[str, list[str]] = {}
    for record in records:
        for other, links in (record.get("associations") or {}).items():
            if next_cursor(links) is not None:
                cut.setdefault(other, []).append(str(record["id"]))
    return {
        other: _linked(account, crm_type, other, ids) for other, ids in cut.items() if other in crm_type.associations
    }


def _linked(account: Account, crm_type: CrmType, other: str, ids: Sequence[str]) -> bytes:
    path = account.associations_path(crm_type.name, other)
    answers = account.read_batches(path, [{"id": one} for one in ids], crm_type.scope)
    members = {str(member["from"]["id"]): member for answer in answers for member in answer.value["results"]}
    following = _following(members.values())
    if not following:
        return spliced(answers)
    while following:
        more = [
            one for answer in account.read_batches(path, following, crm_type.scope) for one in answer.value["results"]
        ]
        for member in more:
            members[str(member["from"]["id"])]["to"] += member["to"]
        following = _following(more)
    return json.dumps({"results": list(members.values())}, separators=(",", ":")).encode()


def _following(members: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    """What to ask for the rest of the lists that were cut."""
    cursors = [(str(member["from"]["id"]), next_cursor(member)) for member in members]
    return [{"id": one, "after": after} for one, after in cursors if after is not None]
