"""What the settings name as no record is ignored and counted."""

import pytest

from models.mapping import FileFormat


def test_lines_above_the_header_are_skipped_and_counted(load):
    loaded = load(b'Report run by "Ann\nMarch\nid,note\n1,a\n', skip_rows=2)
    assert (loaded.found.columns, loaded.cells, loaded.lines) == (("id", "note"), [("1", "a")], [4])
    assert (loaded.found.ignored, loaded.found.records) == (2, 3)


def test_comments_are_ignored_wherever_they_stand(load):
    loaded = load(b'# from "crm\nid,note\n#x\n1,# a\n', comment="#")
    assert (loaded.cells, loaded.found.ignored) == ([("1", "# a")], 2)


@pytest.mark.parametrize("last", [b"Grand total: 2,x\n", b"Grand total\n", b'"Grand total",1,2\n'])
def test_footers_are_ignored_by_their_first_cell(load, last):
    loaded = load(b"id,note\n1,Grand total\n2,b\n" + last, footer="Grand total")
    assert (loaded.cells, loaded.found.ignored, loaded.rejects) == ([("1", "Grand total"), ("2", "b")], 1, [])


def test_null_values_become_blank_whole_and_trimmed_only(load):
    loaded = load(b"id,note\nNULL, N/A \n1,NULLS\n", null_values=("NULL", "N/A"))
    assert loaded.cells == [("", ""), ("1", "NULLS")]


def test_null_values_hold_for_json_as_well(load):
    assert load(b'{"a":"NULL","b":"x"}\n', "a.jsonl", null_values=("NULL",)).cells == [("", "x")]


def test_a_name_that_says_nothing_is_read_by_the_settings_format(load):
    assert load(b"id\n1\n", "report.txt", format=FileFormat.CSV).cells == [("1",)]
