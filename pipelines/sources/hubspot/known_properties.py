"""Whether the account still has the properties that are asked for: HubSpot leaves out unknown ones without a word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.sources.extraction.faults import DeniedError, ExtractionError
from pipelines.sources.hubspot.account import Account
from pipelines.sources.hubspot.crm_types import CrmType


class KnownProperties:
    """Looks at the first page of each type only: what is missing there in every record is looked up by name."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._checked: set[str] = set()

    def check(self, crm_type: CrmType, records: Sequence[Mapping[str, Any]]) -> None:
        """Raises ExtractionError with the names of needed properties that the account does not have."""
        if crm_type.name in self._checked or not records:
            return
        self._checked.add(crm_type.name)
        seen = {name for record in records for name in record.get("properties") or ()}
        absent = [name for name in crm_type.needed if name not in seen]
        if absent and (gone := self._unlisted(crm_type, absent)):
            raise ExtractionError(
                f"HubSpot has no property {', '.join(gone)} of {crm_type.name}: renamed or deleted?",
                "Restore it in HubSpot, or leave the object out: api: {objects: […]}; the cursor did not move.",
            )

    def _unlisted(self, crm_type: CrmType, names: Sequence[str]) -> list[str]:
        """Which of the names the account's own list lacks; all of them when the list may not be read."""
        try:
            listed = property_names(self._account, crm_type)
        except DeniedError:
            return list(names)
        return [name for name in names if name not in listed]


def property_names(account: Account, crm_type: CrmType) -> set[str]:
    """The internal names of a type's properties in this account. Raises ExtractionError."""
    answer = account.get(account.properties_path(crm_type.name), {}, crm_type.scope, _is_list_of_properties)
    return {str(one["name"]) for one in answer.value["results"]}


def _is_list_of_properties(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and isinstance(value.get("results"), list)
        and all(isinstance(one, dict) and "name" in one for one in value["results"])
    )
