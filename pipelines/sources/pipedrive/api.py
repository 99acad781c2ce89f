"""Pipedrive's API as a connector: what can be asked for, page by page."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from models.api_settings import ApiSettings
from pipelines.sources.extraction.pages import ApiObject, Connector, Page, Probe, Resume, Window
from pipelines.sources.pipedrive.asking import Pipedrive
from pipelines.sources.pipedrive.changelogs import changelog_pages
from pipelines.sources.pipedrive.endpoints import CHANGELOG, ENDPOINTS
from pipelines.sources.pipedrive.listing import list_pages
from pipelines.sources.pipedrive.probing import probe

_DOCTORS_PATIENCE_SECONDS = 20.0


def connect(api: ApiSettings, secrets: Mapping[str, str], pause: Callable[[float], None] = time.sleep) -> Connector:
    """The account that `api` names; nothing is asked yet. `secrets` has `token`, a user's API token.

    Raises SettingsError when the company's address or the token is missing.
    """
    return PipedriveConnector(Pipedrive(api, secrets, pause), partial(Pipedrive, api, secrets, pause))


@dataclass(frozen=True)
class PipedriveConnector:
    """One company. `make` opens a second connection, which the doctor uses with less patience."""

    pipedrive: Pipedrive
    make: Callable[[float], Pipedrive]

    def objects(self) -> tuple[ApiObject, ...]:
        """What can be asked for."""
        return tuple(endpoint.wanted for endpoint in ENDPOINTS.values())

    def pages(self, wanted: ApiObject, window: Window, resume: Resume | None) -> Iterator[Page]:
        """The pages of a window; a body is one JSON line. Raises ExtractionError."""
        read = changelog_pages if wanted.name == CHANGELOG.name else list_pages
        return read(self.pipedrive, ENDPOINTS[wanted.name], window, resume)

    def probes(self) -> Iterator[Probe]:
        """The token, admin rights, each object, the daily allowance."""
        pipedrive = self.make(_DOCTORS_PATIENCE_SECONDS)
        try:
            yield from probe(pipedrive, ENDPOINTS.values())
        finally:
            pipedrive.close()

    def close(self) -> None:
        """Lets go of connections."""
        self.pipedrive.close()
