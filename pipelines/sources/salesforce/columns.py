"""Which columns this org has and shows: `describe` lists only what the user may read."""

from __future__ import annotations

from typing import Any

from pipelines.sources.salesforce.account import Account
from pipelines.sources.salesforce.objects import SalesforceObject
from pipelines.sources.salesforce.refusals import hidden_fields


class Columns:
    """Asks once an object, the first time it is needed."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._known: dict[str, frozenset[str]] = {}

    def of(self, wanted: SalesforceObject) -> tuple[str, ...]:
        """The needed columns and those wished ones that exist. Raises DeniedError where a needed one is hidden."""
        known = self._described(wanted)
        hidden = [name for name in wanted.needed if name not in known]
        if hidden:
            raise hidden_fields(wanted.scope, hidden)
        return (*wanted.needed, *(name for name in wanted.wished if name in known))

    def _described(self, wanted: SalesforceObject) -> frozenset[str]:
        if wanted.name not in self._known:
            answer = self._account.json(
                "GET", f"/sobjects/{wanted.name}/describe", needs=wanted.scope, expects=_is_described
            )
            self._known[wanted.name] = frozenset(each["name"] for each in answer.value["fields"])
        return self._known[wanted.name]


def _is_described(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("fields"), list)
