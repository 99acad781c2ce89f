"""Salesforce's connector: which way each object is read, and where it goes on after a crash.

Large objects come as Bulk 2.0 jobs (`bulk_jobs`), small ones and those Bulk does not know by REST (`plain_queries`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping

from models.api_settings import ApiSettings
from pipelines.sources.extraction.pages import ApiObject, Connector, Page, Probe, Resume, Window
from pipelines.sources.salesforce.account import Account
from pipelines.sources.salesforce.bulk_jobs import create_job, results, total_of, wait_for
from pipelines.sources.salesforce.columns import Columns
from pipelines.sources.salesforce.objects import BY_NAME, OBJECTS, api_objects
from pipelines.sources.salesforce.plain_queries import query_pages
from pipelines.sources.salesforce.probing import probe
from pipelines.sources.salesforce.refusals import NoBulkError
from pipelines.sources.salesforce.soql import changes_query, ids_query


def connect(api: ApiSettings, secrets: Mapping[str, str], pause: Callable[[float], None] = time.sleep) -> Connector:
    """One org; nothing is asked yet. `secrets` has `token`, or `client_id` and `client_secret`.

    Raises SettingsError without the org's own address.
    """
    return SalesforceConnector(Account(api, secrets, pause), api.objects)


class SalesforceConnector:
    """One org, read by queries that change nothing in it."""

    def __init__(self, account: Account, only: tuple[str, ...] = ()) -> None:
        self._account = account
        self._columns = Columns(account)
        self._only = only

    def objects(self) -> tuple[ApiObject, ...]:
        """What can be asked for."""
        return api_objects()

    def pages(self, wanted: ApiObject, window: Window, resume: Resume | None) -> Iterator[Page]:
        """The pages of a window as CSV. `resume` is {job, locator} or, of a plain query, {next}."""
        known = BY_NAME[wanted.of or wanted.name]
        columns = ("Id",) if wanted.of else self._columns.of(known)
        query = ids_query(known) if wanted.of else changes_query(known, columns, window)
        if resume is not None and "job" in resume:
            yield from self._rest_of_job(str(resume["job"]), str(resume["locator"]), known.scope)
        elif resume is not None or known.changed is None:
            after = None if resume is None else str(resume["next"])
            yield from query_pages(self._account, query, columns, after, known.scope)
        else:
            yield from self._whole_job(query, columns, known.scope)

    def probes(self) -> Iterator[Probe]:
        """Tries the way in, then each object that the settings want."""
        wanted = [each for each in OBJECTS if not self._only or each.name in self._only]
        yield from probe(self._account, self._columns, wanted)

    def close(self) -> None:
        """Closes the connections."""
        self._account.close()

    def _whole_job(self, query: str, columns: tuple[str, ...], scope: str) -> Iterator[Page]:
        try:
            job = create_job(self._account, query, scope)
        except NoBulkError:
            yield from query_pages(self._account, query, columns, None, scope)
            return
        total = wait_for(self._account, job, scope)
        yield from results(self._account, job, None, total, scope)

    def _rest_of_job(self, job: str, locator: str, scope: str) -> Iterator[Page]:
        total = total_of(self._account, job, scope)
        yield from results(self._account, job, locator, total, scope)
