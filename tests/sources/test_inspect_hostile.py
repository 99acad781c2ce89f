"""A file that breaks its reader costs `inspect` a clear answer and nothing else: it is parsed where a night parses it."""

import gzip
import io
import os
import sys

import openpyxl
import pytest

from models.settings import Settings
from pipelines.sources.inspecting import inspect_file
from pipelines.sources.reading import child
from tests.runs.test_hostile_files import crowded_workbook

DIES = (sys.executable, "-c", "import sys; sys.stdin.readline(); sys.exit(3)")


def a_workbook():
    book = openpyxl.Workbook()
    book.active.append(["Call ID", "Started"])
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()


RISKY = {
    "calls.xlsx": a_workbook(),
    "calls.csv.gz": gzip.compress(b"Call ID,Started\n1,2\n", mtime=0),
    "calls.json": b'[{"id": 1}]',
    "calls.csv": a_workbook(),
}


@pytest.mark.parametrize("name", RISKY)
def test_whatever_can_break_a_reader_is_read_in_the_child_process(tmp_path, monkeypatch, name):
    worker = child.Worker(DIES)
    monkeypatch.setitem(child._WORKERS, os.getpid(), worker)
    (tmp_path / name).write_bytes(RISKY[name])
    found = inspect_file(tmp_path / name, Settings())
    worker.stop()
    assert any("the file made its reader crash (exit code 3)" in note for note in found.notes), found.notes


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("bomb.xlsx", crowded_workbook(), "(bomb)"),
        ("bomb.csv.gz", gzip.compress(b"0" * (128 << 20), mtime=0), "(bomb)"),
        ("endless.json", b"[" * 1_000_000, "(bad_json)"),
        ("workbook.csv", a_workbook(), "(wrong_type:xlsx)"),
    ],
)
def test_a_bomb_is_a_clear_answer(tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)
    found = inspect_file(tmp_path / name, Settings())
    assert (found.entity, found.proposal) == (None, "")
    assert any(said in note for note in found.notes), found.notes
