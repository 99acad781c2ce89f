"""`storage:` in touchline.yaml: places for bytes beyond this machine, and how an S3-compatible server is reached."""

from __future__ import annotations

import re
from typing import Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, model_validator

from models.alert_settings import SECRET

PLACE = r"^(s3|gs|az|file)://[^\s?#]+$"
"""A place: a bucket or container and a prefix in it, or a folder of this machine."""
_REMOTE = re.compile(r"^(s3|gs|az)://")


def is_remote(path: str) -> bool:
    """Whether a path of the settings names an object store and no folder."""
    return _REMOTE.match(path) is not None


class Storage(BaseModel):
    """Where copies go. Without an address or key here, those of the environment hold, as the vendors' own tools have them
    (AWS_…, GOOGLE_…, AZURE_STORAGE_…).
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    publish: str | None = Field(
        None,
        pattern=PLACE,
        description="A place that each published night is copied to: s3://bucket/prefix, gs://, az://container/prefix,"
        " or file:///folder. Blank: none.",
    )
    endpoint: str | None = Field(
        None,
        pattern="^https?://[^/?#@]+(/[^?#@]*)?$",
        description="Address of a server that speaks S3, such as MinIO; blank: AWS, or AWS_ENDPOINT_URL.",
    )
    region: str | None = Field(None, description="S3: the bucket's region; blank: AWS_REGION, else us-east-1.")
    access_key_id: str | None = Field(None, pattern=SECRET, description="S3: env:NAME of the access key's id.")
    secret_access_key: str | None = Field(None, pattern=SECRET, description="S3: env:NAME of the access key.")
    patience_seconds: int = Field(
        60, ge=0, le=240, description="How long a request that fails by a passing fault is tried again; 0: once."
    )

    @model_validator(mode="after")
    def _whole_key(self) -> Self:
        if (self.access_key_id is None) != (self.secret_access_key is None):
            raise ValueError(
                "an access key has two parts: give both `access_key_id` and `secret_access_key`, or neither"
            )
        return self

    @model_validator(mode="after")
    def _with_a_bucket(self) -> Self:
        if self.publish and is_remote(self.publish) and not urlsplit(self.publish).netloc:
            raise ValueError("`publish` names no bucket: write s3://BUCKET/PREFIX")
        return self
