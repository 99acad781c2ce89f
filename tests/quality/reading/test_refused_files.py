"""Files that are refused whole: the rule says why, the remedy what to do."""

import gzip
import io

import openpyxl
import polars as pl
import pytest
import zstandard

from models.errors import UnreadableFileError, UsageError
from pipelines.sources.reading import unpacking

CSV = b"id,note\n1,a\n"
GZIP = gzip.compress(CSV * 1000, mtime=0)
ZSTD = zstandard.ZstdCompressor().compress(CSV * 1000)


def a_workbook() -> bytes:
    book = openpyxl.Workbook()
    book.active.append(["id"])
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def a_parquet() -> bytes:
    stream = io.BytesIO()
    pl.DataFrame({"id": ["1"]}).write_parquet(stream)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "rule"),
    [
        ("a.csv", b"", "empty_file"),
        ("a.csv.gz", b"", "empty_file"),
        ("a.csv.gz", gzip.compress(b"", mtime=0), "empty_file"),
        ("a.csv", b"\xef\xbb\xbf", "no_header"),
        ("a.csv", b"\n\r\n\n", "no_header"),
        ("a.csv", b" , \n,\n", "no_header"),
        ("a.csv", b'"id,note\n1,2\n', "no_header"),
        ("a.csv", b"ts,note,ts\n", "duplicate_header"),
        ("a.csv", b"Id, ID\n1,2\n", "duplicate_header"),
        ("a.csv.gz", GZIP[:-10], "corrupt_gzip"),
        ("a.csv.gz", GZIP + b"garbage", "corrupt_gzip"),
        ("a.csv.gz", CSV, "corrupt_gzip"),
        ("a.csv.zst", ZSTD[:-3], "corrupt_zst"),
        ("a.csv.zst", ZSTD + b"garbage", "corrupt_zst"),
        ("a.csv", GZIP, "wrong_type:gzip"),
        ("a.csv", ZSTD, "wrong_type:zstd"),
        ("a.csv", b"%PDF-1.7\n", "wrong_type:pdf"),
        ("a.csv", b"\n<!doctype HTML><p>log in", "wrong_type:html"),
        ("a.jsonl", b"<html>", "wrong_type:html"),
        ("a.csv", b'{"error": "expired"}', "wrong_type:json"),
        ("a.csv", a_workbook(), "wrong_type:xlsx"),
        ("a.xlsx", a_parquet(), "wrong_type:parquet"),
        ("a.csv", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "wrong_type:xls"),
        ("a.parquet", CSV, "wrong_type:text_or_binary"),
        ("a.parquet", a_parquet()[:-20], "corrupt_parquet"),
        ("a.xlsx", a_workbook()[:2000], "corrupt_workbook"),
        ("a.txt", CSV, "unknown_format"),
        ("a", CSV, "unknown_format"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(load, name, content, rule):
    with pytest.raises(UnreadableFileError) as refused:
        load(content, name)
    assert refused.value.rule == rule
    assert refused.value.remedy


def test_a_compressed_bomb_is_stopped(load, monkeypatch):
    monkeypatch.setattr(unpacking, "RATIO_COUNTS_FROM", 1_000_000)
    for name, pack in (("a.csv.gz", gzip.compress), ("a.csv.zst", zstandard.ZstdCompressor().compress)):
        with pytest.raises(UnreadableFileError) as refused:
            load(pack(b"0" * 3_000_000), name)
        assert refused.value.rule == "bomb"


def test_settings_that_cannot_be_followed_are_no_fault_of_the_file(load):
    with pytest.raises(UsageError):
        load(CSV, footer="(")
    with pytest.raises(UsageError):
        load(CSV, encoding="base64")
