"""What `doctor` tries: the token, every scope, every property that is needed, and what is left of the day's requests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from pipelines.sources.extraction.faults import DeniedError, ExtractionError
from pipelines.sources.extraction.pages import ApiObject, Probe
from pipelines.sources.hubspot.account import Account, is_list
from pipelines.sources.hubspot.crm_types import CRM_TYPES, CrmType
from pipelines.sources.hubspot.known_properties import property_names
from pipelines.sources.hubspot.listing import listed_dispositions, listed_pipelines


def probes(account: Account, objects: tuple[ApiObject, ...]) -> Iterator[Probe]:
    """One request a probe. A token that is refused ends it: nothing else can be said."""
    token = _probe("token, owners (crm.objects.owners.read)", lambda: _first_owner(account))
    yield token
    if token.problem is not None and "(403)" not in token.problem:
        return
    for wanted in objects:
        if crm_type := CRM_TYPES.get(wanted.name):
            yield _probe(f"{wanted.name} ({wanted.scope})", partial(_first_record, account, crm_type))
            yield _properties(account, crm_type)
        elif wanted.name == "pipelines":
            yield _probe(f"pipelines ({wanted.scope})", partial(_all_pipelines, account, wanted.scope))
        elif wanted.name == "call_dispositions":
            yield _outcomes(account, wanted.scope)
    if account.daily_left is not None:
        yield Probe(f"HubSpot's day has {account.daily_left:,} requests left")


def _probe(what: str, ask: Callable[[], object]) -> Probe:
    try:
        ask()
    except ExtractionError as error:
        return Probe(what, error.what, error.remedy)
    return Probe(what)


def _outcomes(account: Account, scope: str) -> Probe:
    """The list of call outcomes is a help, and no harm when it may not be read."""
    try:
        list(listed_dispositions(account, scope))
    except DeniedError:
        return Probe("call outcomes (not readable, not needed)")
    except ExtractionError as error:
        return Probe("call outcomes", error.what, error.remedy)
    return Probe("call outcomes")


def _first_owner(account: Account) -> None:
    account.get(account.owners_path(), {"limit": 1}, "crm.objects.owners.read", is_list)


def _all_pipelines(account: Account, scope: str) -> None:
    list(listed_pipelines(account, scope))


def _first_record(account: Account, crm_type: CrmType) -> None:
    account.get(
        account.objects_path(crm_type.name), {"limit": 1, "properties": "hs_object_id"}, crm_type.scope, is_list
    )


def _properties(account: Account, crm_type: CrmType) -> Probe:
    what = f"properties of {crm_type.name}"
    try:
        listed = property_names(account, crm_type)
    except ExtractionError as error:
        return Probe(what, error.what, error.remedy)
    gone = [name for name in crm_type.needed if name not in listed]
    if not gone:
        return Probe(what)
    return Probe(
        what,
        f"the account has no {', '.join(gone)}",
        "Restore it in HubSpot, or leave the object out: api: {objects: […]}.",
    )
