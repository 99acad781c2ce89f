"""The connector of HubSpot: which request answers which wish. Each kind of request has a module of its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from models.api_settings import ApiSettings
from pipelines.sources.extraction.pages import ApiObject, Connector, Page, Probe, Resume, Window
from pipelines.sources.hubspot import listing, probing
from pipelines.sources.hubspot.account import Account
from pipelines.sources.hubspot.crm_types import ARCHIVED, CRM_TYPES, IDS, api_objects
from pipelines.sources.hubspot.known_properties import KnownProperties
from pipelines.sources.hubspot.searching import searched_records

_PATIENCE_OF_PROBES = 10


def connect(
    api: ApiSettings,
    secrets: Mapping[str, str],
    pause: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Connector:
    """A connector with the private app's token, `secrets["token"]`. Asks nothing yet."""
    token = secrets["token"].strip()
    hasty = api.model_copy(update={"patience_seconds": min(api.patience_seconds, _PATIENCE_OF_PROBES)})
    account = Account(api, token, pause, clock)
    return HubSpot(api_objects(api.objects), account, Account(hasty, token, pause, clock), KnownProperties(account))


@dataclass
class HubSpot:
    """One account. `hasty` is the same account for probes, which wait for nobody."""

    wanted: tuple[ApiObject, ...]
    account: Account
    hasty: Account
    known: KnownProperties

    def objects(self) -> tuple[ApiObject, ...]:
        """What can be asked for; with `api.objects`, those and what belongs to them (archived ones, ids)."""
        return self.wanted

    def pages(self, wanted: ApiObject, window: Window, resume: Resume | None) -> Iterator[Page]:
        """Lists for everything, searches for changes. Raises ExtractionError."""
        if wanted.name in CRM_TYPES:
            crm_type = CRM_TYPES[wanted.name]
            if window.since is None:
                return listing.listed_records(self.account, self.known, crm_type, resume)
            return searched_records(self.account, self.known, crm_type, window, resume)
        if wanted.name.endswith(ARCHIVED):
            crm_type = CRM_TYPES[wanted.name.removesuffix(ARCHIVED)]
            return listing.listed_records(self.account, self.known, crm_type, resume, is_archived=True)
        if wanted.name.endswith(IDS):
            return listing.listed_ids(self.account, CRM_TYPES[wanted.name.removesuffix(IDS)], resume)
        return self._directory(wanted, resume)

    def probes(self) -> Iterator[Probe]:
        """Token, scopes, properties, what is left of the day."""
        return probing.probes(self.hasty, self.wanted)

    def close(self) -> None:
        """Lets go of connections."""
        self.account.close()
        self.hasty.close()

    def _directory(self, wanted: ApiObject, resume: Resume | None) -> Iterator[Page]:
        if wanted.name == "owners":
            return listing.listed_owners(self.account, wanted.scope, resume)
        if wanted.name == "pipelines":
            return listing.listed_pipelines(self.account, wanted.scope)
        return listing.listed_dispositions(self.account, wanted.scope)
