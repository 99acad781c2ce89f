"""A real server that speaks S3 (moto) on this machine, a bucket for each test, and what a published night needs."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import duckdb
import httpx
import pytest
from moto.server import ThreadedMotoServer

from models.settings import load_settings
from models.storage_settings import Storage
from pipelines.night.generation import Generation, point_readers_at
from pipelines.storage.place import Place, open_place
from tests.runs.conftest import SETTINGS, Office

KEYS = {"AWS_ACCESS_KEY_ID": "a key", "AWS_SECRET_ACCESS_KEY": "a secret"}
REP = {"rep_id": "R1", "full_name": "Ada", "rep_type": "inside", "hire_date": "2025-01-01"}
CALL = {"source_record_id": "A1", "channel": "call", "occurred_at": "2026-03-02T15:00:00Z", "rep_id": "R1"}


@dataclass(frozen=True)
class Bucket:
    """A fresh bucket, and how it is reached."""

    endpoint: str
    name: str

    @property
    def url(self) -> str:
        return f"s3://{self.name}/touchline"

    def settings(self, **more: object) -> str:
        lines = [
            f"  {key}: {value}" for key, value in {"endpoint": self.endpoint, "patience_seconds": 0, **more}.items()
        ]
        return "\n".join([SETTINGS.rstrip(), "storage:", *lines, ""])

    def place(self, below: str = "touchline") -> Place:
        return open_place(f"s3://{self.name}/{below}", Storage(endpoint=self.endpoint, patience_seconds=0), os.environ)


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    made = Bucket(s3_server, f"b{uuid4().hex[:12]}")
    httpx.put(f"{s3_server}/{made.name}", trust_env=False).raise_for_status()
    return made


def publish_one(office: Office) -> None:
    """A night of one call."""
    office.deliver("reps.csv", [REP])
    office.deliver("activities.csv", [CALL])
    office.night()


def slim(office: Office) -> None:
    """The same with a database of a few tables: most of these tests are about files, whatever is in them."""
    office.stand_on(publish_one)
    crm = office.workspace.published_file.resolve()
    with duckdb.connect() as connection:
        connection.execute(f"attach '{crm}' as whole (read_only); attach '{crm}.slim' as slim; create schema slim.ops")
        for table in ("publication", "operator_order", "load", "load_accounting"):
            connection.execute(f"create table slim.ops.{table} as from whole.ops.{table}")
    crm.with_name("crm.duckdb.slim").replace(crm)


@pytest.fixture
def slim_office(tmp_path: Path) -> Office:
    """A workspace whose one generation is small."""
    return Office(tmp_path / "workspace").stand_on(slim)


@pytest.fixture
def published(tmp_path: Path) -> Office:
    """A workspace with one published generation."""
    return Office(tmp_path / "workspace").stand_on(publish_one)


def next_generation(office: Office) -> Generation:
    """Publishes another generation without the cost of a night: the same tables under the next number, and a page."""
    last = office.workspace.published.resolve()
    made = Generation(last.with_name(f"{int(last.name) + 1:06d}"))
    shutil.copytree(last, made.folder)
    made.crm.chmod(0o644)
    with duckdb.connect(str(made.crm)) as connection:
        connection.execute("update ops.publication set generation = ?", [made.number])
    made.crm.chmod(0o444)
    (made.folder / "report").mkdir(exist_ok=True)
    (made.folder / "report" / "index.html").write_text(f"<p>generation {made.number}</p>")
    point_readers_at(office.workspace, made)
    return made


def settings_of(office: Office):
    return load_settings(office.workspace.settings_file, office.environment)
