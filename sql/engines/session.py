"""A session of Spark Connect: Apache Spark, Databricks or Sail, whichever answers at the address.

pyspark is an extra (`touchline[spark]`) and takes seconds to import, so it is imported where a session is opened.
"""

from __future__ import annotations

import os
import socket
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

from models.engine_settings import SparkConnect
from models.errors import SettingsError, TouchlineError

_PATIENCE_SECONDS = 10
_TRIES = 6
_LONGEST_WAIT_MILLISECONDS = 10_000
_SESSION = {
    "spark.sql.session.timeZone": "UTC",
    # 12 digits after the point stay 12: Spark gives them up where a product might not fit
    "spark.sql.decimalOperations.allowPrecisionLoss": "false",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
}


@contextmanager
def open_session(settings: SparkConnect, environ: Mapping[str, str] = os.environ) -> Iterator[Any]:
    """A session of its own on the server, ended afterwards; raises TouchlineError when nobody answers there."""
    builder = _builder()
    _knock(settings.url)
    session = builder.remote(_address(settings, environ)).create()
    try:
        _be_impatient(session)
        for key, value in _SESSION.items():
            session.conf.set(key, value)
        yield session
    finally:
        with suppress(Exception):  # of a server that is gone: what led here says more
            session.stop()


def _builder() -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of pandas, which pyspark imports and we do not use
            from pyspark.sql.connect.session import SparkSession
    except ImportError as error:
        raise SettingsError(
            f"engine.kind is spark_connect, and its client cannot be imported: {error}",
            "Install it: pip install 'touchline[spark]'; or set engine.kind: duckdb.",
        ) from None
    return SparkSession.builder


def _be_impatient(session: Any) -> None:
    """A server that is gone is told after half a minute: by itself pyspark tries for ten."""
    from pyspark.sql.connect.client.retries import DefaultPolicy

    session.client.set_retry_policies([DefaultPolicy(max_retries=_TRIES, max_backoff=_LONGEST_WAIT_MILLISECONDS)])


def _knock(url: str) -> None:
    """pyspark tries for ten minutes to reach a server that is not there."""
    parts = urlsplit(url)
    try:
        socket.create_connection((parts.hostname, parts.port or 15002), _PATIENCE_SECONDS).close()
    except OSError as error:
        raise TouchlineError(
            f"no Spark Connect server answers at {url}: {error.strerror or error}",
            "Start it, mend engine.spark_connect.url, or set engine.kind: duckdb; then run the night again.",
        ) from None


def _address(settings: SparkConnect, environ: Mapping[str, str]) -> str:
    if settings.token is None:
        return settings.url
    name = settings.token.removeprefix("env:")
    if not environ.get(name):
        raise SettingsError(
            f"engine.spark_connect.token names the variable {name}, which is not set",
            f"Set {name} where Touchline runs, or take the key away.",
        )
    slash = "" if urlsplit(settings.url).path else "/"
    return f"{settings.url}{slash};token={environ[name]}"
