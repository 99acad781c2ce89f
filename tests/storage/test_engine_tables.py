"""What an engine asks of a storage: the same of a folder and of an object store."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.storage.engine_tables import StoredTables
from sql.engines.storage import Folder, Storage, has_rows
from tests.storage.conftest import Bucket


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
