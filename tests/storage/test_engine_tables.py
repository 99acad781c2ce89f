"""What an engine asks of a storage: the same of a folder and of an object store."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import duckdb
import pytest
from pydantic import ValidationError

from models.engine_settings import SparkConnect
from pipelines.storage.engine_tables import StoredTables
from sql.engines.kept import KeptTables
from sql.engines.storage import Folder, Storage, has_rows
from tests.runs.conftest import Office
from tests.storage.conftest import CALL, REP, Bucket


@pytest.fixture(params=["folder", "store"])
def storage(request: pytest.FixtureRequest, bucket: Bucket, tmp_path: Path) -> Storage:
    return Folder(tmp_path / "root") if request.param == "folder" else StoredTables(bucket.place(), tmp_path / "local")


def put(storage: Storage, name: str, **files: str) -> None:
    folder = storage.scratch / "written"
    for file, text in files.items():
        path = folder / f"{file}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    storage.send(folder, name)
    assert not folder.exists()


def test_what_was_sent_is_listed_and_brought(storage: Storage) -> None:
    put(storage, "a/t", one="1", two="22")
    put(storage, "a/tt", one="333")
    assert storage.files("a/t") == {"one.parquet": 1, "two.parquet": 2}
    assert storage.files("a") == {"t/one.parquet": 1, "t/two.parquet": 2, "tt/one.parquet": 3}
    brought = storage.bring("a/t")
    assert {path.name: path.read_text() for path in brought.iterdir()} == {"one.parquet": "1", "two.parquet": "22"}


def test_a_name_that_holds_nothing_has_no_rows_and_can_be_brought_and_removed(storage: Storage) -> None:
    assert storage.files("none") == {}
    assert not has_rows(storage, "none")
    assert list(storage.bring("none").rglob("*")) == []
    storage.remove(["none"])


def test_removing_a_name_leaves_its_neighbours(storage: Storage) -> None:
    for name in ("a/t", "a/tt", "b"):
        put(storage, name, one="1")
    storage.remove(["a/t", "b"])
    assert [has_rows(storage, name) for name in ("a/t", "a/tt", "b")] == [False, True, False]


def test_the_address_is_where_the_engine_finds_it(storage: Storage, bucket: Bucket) -> None:
    put(storage, "a/t", one="1")
    address = storage.address("a/t")
    if isinstance(storage, Folder):
        assert (Path(address) / "one.parquet").read_text() == "1"
    else:
        assert address == f"{bucket.url}/a/t"
        assert [one.key for one in bucket.place("touchline/a").list()] == ["t/one.parquet"]


def test_half_a_part_that_a_killed_night_left_is_replaced(storage: Storage) -> None:
    with duckdb.connect() as connection:
        connection.execute("create schema core; create table core.source as select 'crm' as source")
        (name,) = KeptTables(storage).send(connection, "core.source", None)
        whole = storage.files(name)
        storage.remove([name])
        put(storage, name, **{"2_of_2": "half"})
        assert KeptTables(storage).send(connection, "core.source", None) == [name]
    assert storage.files(name) == whole


def test_a_storage_that_is_used_no_more_is_emptied_by_the_next_build_or_told(bucket: Bucket, tmp_path: Path) -> None:
    """An order to forget reaches what an engine was sent."""
    office = Office(tmp_path / "workspace")
    noted = office.workspace.engine_storage
    office.configure(bucket.settings())
    bucket.place().put("touchline_kept/core.latest_reps/1/1_of_1.parquet", b"Ada")
    bucket.place().put("somebody's", b"else")
    noted.write_text(bucket.url)
    office.deliver("reps.csv", [REP])
    office.night()
    assert [one.key for one in bucket.place().list()] == ["somebody's"]
    assert not noted.exists()
    noted.write_text("s3://no-such-bucket/touchline")
    office.deliver("activities.csv", [CALL])
    told = "s3://no-such-bucket/touchline still holds tables that an engine was sent"
    assert [note for note in office.night().notes if note.startswith(told)]
    assert noted.exists()


@pytest.mark.parametrize(
    ("storage", "is_one"),
    [("var/engine", True), ("/mnt/x", True), ("s3://b", True), ("gs://b/p/q", True), ("ftp://b/p", False), ("s3:///p", False)],
)  # fmt: skip
def test_a_storage_is_a_folder_or_a_place_in_an_object_store(storage: str, is_one: bool) -> None:
    with nullcontext() if is_one else pytest.raises(ValidationError, match="write a path, or s3://BUCKET/PREFIX"):
        SparkConnect(url="sc://127.0.0.1:1", storage=storage)
