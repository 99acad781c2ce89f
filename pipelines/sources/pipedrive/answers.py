"""What counts as an answer of Pipedrive, and how it is kept: one JSON line a page."""

from __future__ import annotations

import json
from typing import Any

from pipelines.sources.extraction.faults import GarbledError
from pipelines.sources.extraction.polite import Answer

_LINE_ENDS = bytes.maketrans(b"\r\n", b"  ")


def is_list(value: Any) -> bool:
    """Whether it is a list of records, of which some may be null; `data: null` is an empty one."""
    if not isinstance(value, dict) or value.get("success") is not True:
        return False
    found = value.get("data")
    return found is None or (isinstance(found, list) and all(item is None or isinstance(item, dict) for item in found))


def is_list_with_ids(value: Any) -> bool:
    """Whether it is such a list and each record has an id by which more can be asked about it."""
    return is_list(value) and all(isinstance(item.get("id"), int) for item in value["data"] or [] if item is not None)


def is_object(value: Any) -> bool:
    """Whether it is one record."""
    return isinstance(value, dict) and value.get("success") is True and isinstance(value.get("data"), dict)


def records_of(answer: Answer) -> list[dict[str, Any]]:
    """The records of a list without the nulls in it."""
    return [item for item in answer.value["data"] or [] if item is not None]


def line_of(answer: Answer) -> bytes:
    """The response as it came on one line: a line end between tokens is a blank, within a string there is none."""
    return answer.body.translate(_LINE_ENDS).strip()


def ids_of(answer: Answer) -> bytes:
    """The records' ids alone, as a line of the same shape: the rest is not needed to see what vanished."""
    ids = [{"id": record.get("id")} for record in records_of(answer)]
    return json.dumps({"success": True, "data": ids}, separators=(",", ":")).encode()


def next_cursor(answer: Answer, asked: str | None) -> str | None:
    """Where the next page begins; None at the end. Raises GarbledError when it begins where this one did."""
    following = (answer.value.get("additional_data") or {}).get("next_cursor") or None
    if following is not None and following == asked:
        raise _standing_still()
    return following


def next_start(answer: Answer, asked: int) -> int | None:
    """The same for the older paging by place."""
    paging = (answer.value.get("additional_data") or {}).get("pagination") or {}
    if not paging.get("more_items_in_collection"):
        return None
    following = paging.get("next_start")
    if not isinstance(following, int) or following <= asked:
        raise _standing_still()
    return following


def _standing_still() -> GarbledError:
    return GarbledError(
        "Pipedrive names a page as its own successor",
        "Look at Pipedrive's status page and run again: the window goes on after the last page that was good.",
    )
