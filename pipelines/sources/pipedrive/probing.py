"""What `touchline doctor` tries: the token, each object with the cheapest request there is, and the allowance."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pipelines.sources.extraction.faults import DeniedError, ExtractionError
from pipelines.sources.extraction.pages import Probe
from pipelines.sources.pipedrive.answers import is_object, records_of
from pipelines.sources.pipedrive.asking import Pipedrive
from pipelines.sources.pipedrive.endpoints import CHANGELOG, CHANGELOG_TOKENS, DEALS, V1, Endpoint

_ADMIN = (
    "Make the token as a user with global admin permissions: others see, and count, only what they may see themselves."
)


def probe(pipedrive: Pipedrive, endpoints: Iterable[Endpoint]) -> Iterator[Probe]:
    """One Probe a thing tried, the token first; after a refused token nothing else is tried. Raises nothing."""
    try:
        user = pipedrive.get(f"{V1}/users/me", {}, scope="base", tokens=2, expects=is_object).value["data"]
    except ExtractionError as error:
        yield Probe("token", error.what, error.remedy)
        return
    yield Probe("token")
    yield Probe("admin rights", None if user.get("is_admin") else "the token's user is no admin", _ADMIN)
    for endpoint in endpoints:
        yield _probe(pipedrive, endpoint)
    said = pipedrive.allowance.said()
    yield Probe(f"daily allowance ({said or 'Pipedrive does not say'})", *_shortage(pipedrive))


def _probe(pipedrive: Pipedrive, endpoint: Endpoint) -> Probe:
    what = f"{endpoint.wanted.name} ({endpoint.wanted.scope})"
    try:
        if endpoint.wanted is CHANGELOG:
            _try_changelog(pipedrive)
        for listing in endpoint.listings:
            limit = {} if endpoint.paging == "none" else {"limit": "1"}
            pipedrive.get(listing.path, listing.params | limit, scope=endpoint.wanted.scope, tokens=listing.tokens)
    except DeniedError as error:
        remedy = f"Leave {endpoint.wanted.name} out of api: {{objects: […]}}, or: {error.remedy}"
        return Probe(what, error.what, remedy if endpoint.wanted.is_optional else error.remedy)
    except ExtractionError as error:
        return Probe(what, error.what, error.remedy)
    return Probe(what)


def _try_changelog(pipedrive: Pipedrive) -> None:
    answer = pipedrive.get(DEALS.path, {"limit": 1}, scope=CHANGELOG.scope, tokens=DEALS.tokens)
    for deal in records_of(answer):
        path = f"{V1}/deals/{deal['id']}/changelog"
        pipedrive.get(path, {"limit": 1}, scope=CHANGELOG.scope, tokens=CHANGELOG_TOKENS)


def _shortage(pipedrive: Pipedrive) -> tuple[str | None, str]:
    try:
        pipedrive.allowance.require(0)
    except ExtractionError as error:
        return error.what, error.remedy
    return None, ""
