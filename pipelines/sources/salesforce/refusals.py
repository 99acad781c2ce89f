"""What Salesforce says when it refuses, in words for the person who must mend it.

Its errors are a list of {errorCode, message}; its login's are one {error, error_description}.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import httpx

from pipelines.sources.extraction.faults import (
    BudgetError,
    DeniedError,
    ExpiredError,
    ExtractionError,
    GarbledError,
    LockedOutError,
)

_LIMIT = "REQUEST_LIMIT_EXCEEDED"
_QUOTAS = frozenset({_LIMIT, "EXCEEDED_QUOTA", "EXCEEDEDQUOTA", "LIMIT_EXCEEDED", "TOO_MANY_JOBS"})
_API_OFF = frozenset(
    {"API_DISABLED_FOR_ORG", "API_CURRENTLY_DISABLED", "FEATURENOTENABLED", "FUNCTIONALITY_NOT_ENABLED"}
)
_NOT_READABLE = frozenset({"INVALID_TYPE", "INSUFFICIENT_ACCESS", "INSUFFICIENT_ACCESS_OR_READONLY", "NO_ACCESS"})
_GONE = frozenset({"INVALIDJOB", "INVALID_QUERY_LOCATOR", "INVALIDLOCATOR", "INVALID_LOCATOR"})
_FIELD = re.compile(r"No such column '([^']+)'")


class StaleTokenError(LockedOutError):
    """The session ended (or never was): a new token may help once."""


class NoBulkError(ExtractionError):
    """Bulk does not know this object; plain queries do."""


@dataclass(frozen=True)
class Said:
    """One refusal as Salesforce words it."""

    code: str
    message: str


def said_by(response: httpx.Response) -> Said:
    """The first error of a body; both parts empty when it is none."""
    try:
        value = response.json()
    except ValueError:
        return Said("", "")
    if isinstance(value, list):
        value = value[0] if value else None
    if not isinstance(value, dict):
        return Said("", "")
    code = value.get("errorCode") or value.get("error") or ""
    message = value.get("message") or value.get("error_description") or ""
    return Said(str(code), " ".join(str(message).split())[:300])


def is_passing_limit(response: httpx.Response) -> bool:
    """Too many requests at this moment, unlike too many today: that passes."""
    said = said_by(response)
    return said.code.upper() == _LIMIT and "concurrent" in said.message.lower()


def explained(response: httpx.Response, path: str, needs: str) -> ExtractionError | None:
    """The refusal in our words; None when only the status says something."""
    said = said_by(response)
    if response.is_redirect:
        return moved(path)
    if response.status_code == 401:
        return StaleTokenError(
            f"Salesforce refuses the token (401{', ' + said.code if said.code else ''})",
            "Make a new one and put it into the variable that `api` names; with client_id and client_secret look at "
            "the connected app's policies and its run-as user. touchline doctor tries it.",
        )
    if response.status_code == 404 and "/sobjects/" in path:
        return not_readable(needs, said.message)
    return refusal(said, needs)


def refusal(said: Said, needs: str) -> ExtractionError | None:
    """What a code means, of a response or of a failed job."""
    code = said.code.upper()
    if "not supported by the bulk api" in said.message.lower():
        return NoBulkError(f"Salesforce has no bulk query for this object ({needs})", "It is read by plain queries.")
    if code in _QUOTAS:
        return BudgetError(
            f"Salesforce's allowance is used up ({said.code}: {said.message})",
            "The next night goes on by itself; if it happens daily, lower `api.daily_share` or ask for more API calls.",
        )
    if code in _API_OFF:
        return DeniedError(
            f"Salesforce's API is off for the token's user or edition ({said.code}: {said.message})",
            "Give the user the permission API Enabled; Professional Edition needs the API as an add-on.",
        )
    if code == "INVALID_FIELD":
        return hidden_fields(needs, _FIELD.findall(said.message) or [said.message])
    if code in _NOT_READABLE:
        return not_readable(needs, said.message)
    if code in _GONE:
        return ExpiredError(f"Salesforce no longer knows the query ({said.code})", "Its window starts anew by itself.")
    return None


def moved(path: str) -> ExtractionError:
    """Another address answers for this org: it was renamed or moved."""
    return LockedOutError(
        f"Salesforce sends {path} to another address: the token is not shown there",
        "Set `api.base_url` to the org's My Domain of today: Setup, My Domain.",
    )


def not_readable(needs: str, message: str) -> DeniedError:
    """The object is hidden: Salesforce then says that it does not exist."""
    return DeniedError(
        f"Salesforce does not show the object to this user: {needs or message}",
        f"Give the user's permission set {needs or 'Read on the object'}, or leave the object out: "
        "api: {objects: […]}.",
    )


def hidden_fields(needs: str, names: list[str]) -> DeniedError:
    """A column without which the object cannot be understood is not readable."""
    return DeniedError(
        f"Salesforce does not show the needed field {', '.join(sorted(names))} ({needs})",
        "Set Read Access for it in the field-level security of the user's permission set or profile.",
    )


def login_refused(response: httpx.Response, path: str, needs: str) -> ExtractionError:
    """No token was given."""
    said = said_by(response)
    if response.is_redirect:
        return moved(path)
    if not said.code:
        return GarbledError(
            f"Salesforce's login at {path} answered {response.status_code} without a reason",
            "Look at `api.base_url`: it must be the org's My Domain, https://<name>.my.salesforce.com.",
        )
    return LockedOutError(
        f"Salesforce gives no access token ({said.code}: {said.message})",
        "Look at client_id and client_secret, and that the connected app has the Client Credentials Flow enabled with "
        "a run-as user; touchline doctor tries it.",
    )
