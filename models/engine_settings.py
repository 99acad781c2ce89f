"""`engine:` in touchline.yaml: what makes the tables, and how much of the machine a night may use."""

from __future__ import annotations

import re
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from models.alert_settings import SECRET

_STORAGE = re.compile(r"[^:]+|(s3|gs|az)://[^\s/?#]+(/[^\s?#]*)?")


class SparkConnect(BaseModel):
    """A server of Spark Connect: Apache Spark 4, Databricks or Sail. docs/scale.md says how to start one."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    url: str = Field(pattern="^sc://[^/;]+", description="Its address, such as `sc://spark.example.com:15002`.")
    storage: str = Field(
        description="A folder, below the workspace or absolute, or a place in an object store (s3://bucket/prefix, gs://,"
        " az://), that this machine and every worker of the engine reach by the same name; tables pass through it, and rows"
        " that do not change stay there. One workspace has it for itself.",
    )
    token: str | None = Field(None, pattern=SECRET, description="env:NAME of the variable with the access token.")

    @field_validator("storage")
    @classmethod
    def _folder_or_bucket(cls, value: str) -> str:
        if not _STORAGE.fullmatch(value):
            raise ValueError(
                "`storage` is no folder and no place in an object store: write a path, or s3://BUCKET/PREFIX, gs:// or az://"
            )
        return value


class Engine(BaseModel):
    """What makes the tables, and how much of the machine a night may use."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    kind: Literal["duckdb", "spark_connect"] = Field(
        "duckdb", description="What runs the SQL of core and marts; all else of a night runs here."
    )
    spark_connect: SparkConnect | None = Field(None, description="Where the engine is, for kind spark_connect.")
    memory_limit: str = Field(
        "70%",
        pattern="^[1-9][0-9]{0,8}(%|MB|GB|MiB|GiB)$",
        description="A share of the machine's memory, or an amount.",
    )
    threads: int | None = Field(None, ge=1, le=1024, description="Processor threads; default all.")
    keep_generations: int = Field(3, ge=1, description="How many published nights are kept to roll back to.")
    settle_seconds: float = Field(
        2, ge=0, le=60, description="A file written later than this before a night is looked at twice, so long apart."
    )

    @model_validator(mode="after")
    def _has_an_address(self) -> Self:
        if self.kind == "spark_connect" and self.spark_connect is None:
            raise ValueError("kind spark_connect needs `spark_connect` with `url` and `storage`: add it")
        return self
