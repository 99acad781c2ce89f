"""`api:` of a source in touchline.yaml: how its vendor's API is reached and what is asked of it."""

from __future__ import annotations

from datetime import date
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from models.alert_settings import SECRET


class ApiSettings(BaseModel):
    """One account of a CRM. Secrets are only ever names of environment variables.

    HubSpot and Pipedrive take a `token`; Salesforce takes `client_id` and `client_secret` of a connected app with the
    client-credentials flow, or a ready `token`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    token: str | None = Field(None, pattern=SECRET, description="env:NAME of the variable with the access token.")
    client_id: str | None = Field(None, pattern=SECRET, description="Salesforce: env:NAME of the consumer key.")
    client_secret: str | None = Field(None, pattern=SECRET, description="Salesforce: env:NAME of the consumer secret.")
    base_url: str | None = Field(
        None,
        pattern="^https?://[^/?#]+",
        description="The account's address: required for Salesforce (My Domain) and Pipedrive (company domain).",
    )
    version: str | None = Field(None, description="The API's version when it shall not be the one shipped.")
    objects: tuple[str, ...] = Field((), description="Only these objects; default all that the kind knows.")
    first_load_from: date | None = Field(None, description="Records changed before this day are not asked for.")
    check_ids_every_days: int = Field(
        7, ge=0, description="How often all ids are listed to find records that vanished; 0 is never."
    )
    patience_seconds: int = Field(
        900, ge=0, description="How long one request is tried again before the night goes on."
    )
    daily_share: float = Field(
        0.8,
        gt=0,
        le=1,
        description="How much of the account's daily allowance Touchline may use up, others' use included.",
    )

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        if self.token is None and (self.client_id is None or self.client_secret is None):
            raise ValueError("say how to get in: `token`, or `client_id` and `client_secret`, each as env:NAME")
        return self

    def variables(self) -> tuple[str, ...]:
        """The names of the environment variables that it needs."""
        given = (self.token, self.client_id, self.client_secret)
        return tuple(reference.removeprefix("env:") for reference in given if reference is not None)
