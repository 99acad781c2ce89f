"""HubSpot's own words for a refusal, as something that a person can do."""

from __future__ import annotations

from typing import Any

import httpx

from pipelines.sources.extraction.faults import DeniedError, ExpiredError, ExtractionError, GarbledError
from pipelines.sources.extraction.polite import what_came


def explain_refusal(response: httpx.Response, path: str, needs: str) -> ExtractionError | None:
    """What a 403 and a 400 mean; None leaves other statuses to the common words."""
    if response.status_code == 403:
        return _missing_scope(response, path, needs)
    if response.status_code == 400:
        return _bad_request(response, path)
    return None


def said_by(response: httpx.Response) -> dict[str, Any]:
    """The object in a response's body; empty when there is none."""
    try:
        value = response.json()
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _missing_scope(response: httpx.Response, path: str, needs: str) -> DeniedError:
    """HubSpot names scopes too, sometimes by old or wrong names (`contacts` for the owners'): both are told."""
    named = ", ".join(dict.fromkeys(_scopes_named(said_by(response))))
    return DeniedError(
        f"HubSpot does not allow {path} (403). It needs the scope {needs}"
        + (f" (HubSpot says {named})" if named else ""),
        "Add the scope to the private app (docs/sources_hubspot.md lists them), or leave the object out: api: {objects: […]}.",
    )


def _scopes_named(said: dict[str, Any]) -> list[str]:
    contexts = [error.get("context") or {} for error in said.get("errors") or () if isinstance(error, dict)]
    lists = [context.get(key) or () for context in contexts for key in ("requiredGranularScopes", "requiredScopes")]
    return [str(scope) for scopes in lists for scope in scopes]


def _bad_request(response: httpx.Response, path: str) -> ExtractionError:
    if path.endswith("/search"):
        return GarbledError(
            f"HubSpot refuses the search {path} (400): {what_came(response)}",
            "Report it with this message; the cursor did not move, and other objects go on.",
        )
    if response.request.url.params.get("after"):
        return ExpiredError(
            f"HubSpot does not know the place in {path} any more (400): {what_came(response)}",
            "Nothing: the list starts anew by itself.",
        )
    return GarbledError(
        f"HubSpot refuses {path} (400): {what_came(response)}",
        "Look at `api.version`; report it with this message. The cursor did not move.",
    )
