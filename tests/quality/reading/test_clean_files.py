"""Files without a fault: DuckDB reads them itself, and what it read is what was counted."""

import gzip

import pytest
import zstandard

from models.mapping import FileFormat, ReadOptions
from pipelines.sources.reading import detect_format, read_rows

PLAIN = b"id,note\n1,a\n2,b\n"


@pytest.mark.parametrize(
    "content",
    [
        PLAIN,
        PLAIN.rstrip(b"\n"),
        PLAIN.replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + PLAIN,
        b'\xef\xbb\xbf"id"," note "\n"1","a"\n"2","b"\n',
    ],
    ids=["lf", "no_last_line_end", "crlf", "mark", "mark_and_quoted_header"],
)
def test_a_clean_file_takes_the_fast_path(load, content):
    loaded = load(content)
    assert (loaded.found.path_taken, loaded.found.columns, loaded.found.rows) == ("fast", ("id", "note"), 2)
    assert loaded.cells == [("1", "a"), ("2", "b")]
    assert loaded.lines == [2, 3]
    assert loaded.found.records == 2


@pytest.mark.parametrize("slow", [False, True])
def test_line_ends_inside_cells_count_lines_but_not_records(load, slow):
    loaded = load(b'id,"no\nte"\n1,"a\nb\n"\n2,c\n3,"d\r\n"\n4,e', slow=slow)
    assert loaded.found.path_taken == ("slow" if slow else "fast")
    assert loaded.cells == [("1", "a\nb\n"), ("2", "c"), ("3", "d\r\n"), ("4", "e")]
    assert loaded.lines == [3, 6, 7, 9]


def test_a_header_alone_is_a_file_of_no_rows(load):
    loaded = load(b"id,note\n")
    assert (loaded.found.columns, loaded.cells, loaded.found.records) == (("id", "note"), [], 0)


@pytest.mark.parametrize("slow", [False, True])
def test_cells_come_as_they_are_and_only_header_names_are_trimmed(load, slow):
    loaded = load(b"id , note\n 007 ,\t=1+1\n", slow=slow)
    assert loaded.found.columns == ("id", "note")
    assert loaded.cells == [(" 007 ", "\t=1+1")]


def test_a_tsv_has_tabs_and_a_delimiter_may_be_set(load):
    assert load(b"id\tnote\n1\ta,b\n", "calls.TSV").cells == [("1", "a,b")]
    assert load(b"id;amount\n1;1,5\n", delimiter=";").cells == [("1", "1,5")]


def test_without_a_quote_character_quotes_are_text(load):
    assert load(b'id,note\n1,"a"\n2,5" pipe\n', quote="").cells == [("1", '"a"'), ("2", '5" pipe')]
    assert load(b"id,note\n1,a\n", quote="").found.path_taken == "fast"
    assert load(b"id,note\n1,'a,''b'''\n", quote="'").cells == [("1", "a,'b'")]


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.ZstdCompressor().compress], ids=["gz", "zst"])
def test_a_compressed_file_is_read_like_the_plain_one(load, pack):
    name = "calls.csv.gz" if pack is gzip.compress else "calls.csv.zst"
    loaded = load(pack(PLAIN) + pack(b"3,c\n"), name)
    assert loaded.cells == [("1", "a"), ("2", "b"), ("3", "c")]
    assert loaded.found.path_taken == "fast"


def test_wildcards_and_quotes_in_a_path_are_only_characters(connection, tmp_path):
    folder = tmp_path / "it's [new] *"
    folder.mkdir()
    (folder / "x").write_bytes(PLAIN)
    for slow in (False, True):
        found = read_rows(connection, folder / "x", ReadOptions(), "x.csv", folder / "scratch", force_slow=slow)
        assert connection.execute(f"select id from {found.relation}").fetchall() == [("1",), ("2",)]


def test_the_settings_win_over_the_name():
    assert detect_format("a.b.JSONL.gz", ReadOptions()) == (FileFormat.JSONL, ".gz")
    assert detect_format("export.txt.zst", ReadOptions(format=FileFormat.CSV)) == (FileFormat.CSV, ".zst")


def test_a_row_that_does_not_exist_has_no_line(load):
    with pytest.raises(IndexError):
        load(PLAIN).found.line_of(2)
