"""A file that breaks its reader costs itself: what the process dies of is told, and the next file is read."""

import errno
import os
import sys
from dataclasses import asdict

import duckdb
import pytest

from models.errors import UnreadableFileError
from models.mapping import FileFormat, ReadOptions
from pipelines.sources.reading import child, read_rows
from pipelines.sources.reading.child import Limits, Worker, limits_for, split_apart
from pipelines.sources.reading.reader import HERE
from tests.reliability import record

HOSTILE = (sys.executable, "-m", "tests.quality.reading.hostile_readers")
PLENTY = Limits(memory=1 << 30, cpu_seconds=60, wall_seconds=60, output_bytes=1 << 30)


@pytest.fixture
def hostile(monkeypatch):
    """This process's worker, whose reader does what a file tells it to."""
    worker = Worker(HOSTILE)
    monkeypatch.setitem(child._WORKERS, os.getpid(), worker)
    yield worker
    worker.stop()


@pytest.fixture
def read(tmp_path, monkeypatch):
    def read(deed, **limits):
        monkeypatch.setattr(child, "limits_for", lambda size: Limits(**(asdict(PLENTY) | limits)))
        file = tmp_path / "landed"
        file.write_text(f'# {deed}\n{{"id": 1}}\n')
        return split_apart(file, FileFormat.JSONL, ReadOptions(comment="#"), tmp_path)

    return read


ENDS = {
    "crash": ("crashed", "SIGSEGV", {}),
    "abort": ("too_large", "memory", {}),
    "eat": ("too_large", "memory", {}),
    "fail": ("crashed", "ValueError in hostile_readers.py", {}),
    "write": ("too_large", "more than 1 MB", {"output_bytes": 1 << 20}),
    "sleep": ("too_slow", "still being read", {"wall_seconds": 0.0}),
    "spin": ("too_slow", "processor time", {"cpu_seconds": 0}),
}


def test_a_file_that_breaks_its_reader_is_refused_and_the_next_is_read(hostile, read):
    for deed, (rule, told, limits) in ENDS.items():
        with pytest.raises(UnreadableFileError) as refused:
            read(deed, **limits)
        assert refused.value.rule == rule, deed
        assert told in refused.value.what, deed
        assert refused.value.remedy and "ada@" not in str(refused.value)
    rows = read("nothing")
    assert (rows.rows, rows.ignored, rows.columns, rows.line_of(0)) == (1, 1, ("id",), 2)
    record("a file that crashes, fills the memory or never ends costs that file only", f"{len(ENDS)} ways to break")


def test_a_file_is_not_blamed_for_what_an_earlier_one_did_to_the_process(hostile, read):
    read("nothing")
    assert read("crash_when_used").rows == 1


def test_a_full_disk_is_no_fault_of_the_file(hostile, read):
    with pytest.raises(OSError, match="No space left") as failed:
        read("fill")
    assert failed.value.errno == errno.ENOSPC


def test_the_process_that_reads_strangers_files_is_told_no_secret(hostile, read, monkeypatch, tmp_path):
    monkeypatch.setenv("TOUCHLINE_SECRET_KEY", "k")
    monkeypatch.setenv("SALESFORCE_TOKEN", "t")
    read("leak")
    names = (tmp_path / "landed.environment").read_text().split("\n")
    assert "PATH" in names and not {"TOUCHLINE_SECRET_KEY", "SALESFORCE_TOKEN"} & set(names)


def test_a_process_is_started_by_the_first_file_that_needs_one(monkeypatch, tmp_path):
    idle = Worker()
    monkeypatch.setitem(child._WORKERS, os.getpid(), idle)
    (tmp_path / "landed").write_bytes(b"id,note\n1,a\n")
    with duckdb.connect() as connection:
        read_rows(connection, tmp_path / "landed", ReadOptions(), "calls.csv", tmp_path / "scratch")
    assert idle._process is None


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", b'id,note\n1,a\n2,"b\n3,c,d\n\xff,e\n'),
        ("a.jsonl", b'{"id": 1, "note": "\\ud800"}\n\n{"id": 2}\n[3]\n'),
        ("a.json", b'[{"id": 1}, null, {"id": {"of": "2"}}, 7]'),
    ],
)
def test_it_reads_there_what_would_be_read_here(name, content, tmp_path):
    (tmp_path / "landed").write_bytes(content)
    found = []
    with duckdb.connect() as connection:
        for readers in ({}, {"readers": HERE}):
            rows = read_rows(connection, tmp_path / "landed", ReadOptions(), name, tmp_path / "scratch", **readers)
            cells = connection.execute(f"select * from {rows.relation}").fetchall()
            lines = [rows.line_of(place) for place in range(rows.rows)]
            found.append((cells, lines, rows.columns, rows.ignored, rows.rejects, rows.path_taken))
    assert found[0] == found[1]
    assert not [path for path in (tmp_path / "scratch").iterdir() if path.name.startswith("account")]


def test_time_grows_with_the_file():
    assert limits_for(10**9).cpu_seconds > 1_000 + limits_for(0).cpu_seconds > 1_000
