"""The connector of an API source, with its secrets from the environment."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

from models.errors import SettingsError
from models.settings import Source
from pipelines.sources.readings import crm_of

if TYPE_CHECKING:
    from pipelines.sources.extraction.pages import Connector


def connect(source: Source, environment: Mapping[str, str]) -> Connector:
    """The source's account. Raises SettingsError when a variable with a secret is unset."""
    module = importlib.import_module(f"pipelines.sources.{crm_of(source.kind)}.api")
    connector: Connector = module.connect(source.api, secrets_of(source, environment))
    return connector


def secrets_of(source: Source, environment: Mapping[str, str]) -> dict[str, str]:
    """`token`, or `client_id` and `client_secret`, as the variables hold them."""
    assert source.api is not None
    given = {"token": source.api.token, "client_id": source.api.client_id, "client_secret": source.api.client_secret}
    found = {}
    for name, reference in given.items():
        if reference is None:
            continue
        value = environment.get(reference.removeprefix("env:"), "").strip()
        if not value:
            raise SettingsError(
                f"the source {source.name} needs the variable {reference.removeprefix('env:')}, which is not set",
                "Set it where nights run (never in a file of the workspace); touchline doctor tries it.",
            )
        found[name] = value
    return found
