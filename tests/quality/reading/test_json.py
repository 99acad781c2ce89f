"""JSON by the letter of RFC 8259: values as they are written, one bad record costs itself."""

import pytest

from models.errors import UnreadableFileError


def test_values_keep_their_text_and_objects_get_dotted_names(load):
    loaded = load(
        b'{"id": 12345678901234567890123, "x": 1.10, "e": 1E5, "yes": true, "no": null, '
        b'"ids": [9007199254740993, "a", null], "p": {"hs": {"at": "\xc3\xbc"}}}\n{"late": "z", "id": "2"}\n',
        "a.jsonl",
    )
    assert loaded.found.columns == ("id", "x", "e", "yes", "no", "ids", "p.hs.at", "late")
    first = ("12345678901234567890123", "1.10", "1E5", "true", "", '["9007199254740993", "a", null]', "ü", "")
    assert loaded.cells == [first, ("2", "", "", "", "", "", "", "z")]


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        (b'{"id": NaN}', "bad_json"),
        (b'{"id": -Infinity}', "bad_json"),
        (b'{"id": 1,}', "bad_json"),
        (b"{'id': 1}", "bad_json"),
        (b'{"id": 1} // note', "bad_json"),
        (b'{"id": 01}', "bad_json"),
        (b'{"id": "a\tb"}', "bad_json"),
        (b'{"id": 1, "id": 2}', "bad_json"),
        (b'{"id": 1, "p": {"x": 1, "x": 2}}', "bad_json"),
        (b'{"p.x": 1, "p": {"x": 2}}', "bad_json"),
        (b'{"": 1}', "bad_json"),
        (b'{"id": 1}{"id": 2}', "bad_json"),
        (b'{"id": %s}' % (b"9" * 5000), "bad_json"),
        (b"[1, 2]", "not_an_object"),
        (b"7", "not_an_object"),
        (b'{"id": "\xff"}', "encoding"),
        (b'{"id": "\\ud800"}', "encoding"),
        (b'{"a":' * 9 + b"1" + b"}" * 9, "too_deep"),
        (b"[" * 100_000, "too_deep"),
        (b'{"a":' * 100_000, "too_deep"),
        (b'{"id": ["%s"]}' % (b"x" * 1_100_000), "too_large"),
    ],
)
def test_a_bad_line_is_rejected_alone(load, line, rule):
    loaded = load(b'{"id": "1"}\n' + line + b'\n{"id": "3"}\n', "a.ndjson")
    assert (loaded.rejects, loaded.cells, loaded.lines) == ([(2, rule)], [("1",), ("3",)], [1, 3])


def test_depth_of_eight_is_read(load):
    loaded = load(b'{"a":' * 8 + b"1" + b"}" * 8, "a.jsonl")
    assert loaded.found.columns == (".".join("a" * 8),)


def test_blank_lines_are_ignored_and_a_cut_last_line_is_rejected(load):
    loaded = load(b'\xef\xbb\xbf{"id": 1}\r\n\r\n{"id": 2}\n{"id": ', "a.jsonl")
    assert (loaded.cells, loaded.lines, loaded.found.ignored) == ([("1",), ("2",)], [1, 3], 1)
    assert loaded.rejects == [(4, "bad_json")]
    assert loaded.found.records == 4


@pytest.mark.parametrize(
    ("content", "options"),
    [
        (b'[{"id": 1}, null, {"id": 2.50}]', {}),
        (b'\xef\xbb\xbf {"next": null, "total": 2, "items": [{"id": 1}, null, {"id": 2.50}]} ', {}),
        (b'{"x": [{}], "data": {"items": [{"id": 1}, null, {"id": 2.50}]}}', {"records": "data.items"}),
    ],
)
def test_the_list_of_records_is_found(load, content, options):
    loaded = load(content, "a.json", **options)
    assert (loaded.cells, loaded.lines, loaded.found.ignored) == ([("1",), ("2.50",)], [1, 3], 1)


def test_a_bad_item_of_a_document_is_rejected_alone(load):
    deep = b'{"d": ' + b"[" * 90_000 + b'"]"' + b"]" * 90_000 + b"}"
    loaded = load(b'[{"id": 1}, {"id": NaN}, 5, ' + deep + b', {"id": 2}]', "a.json")
    assert loaded.rejects == [(2, "bad_json"), (3, "not_an_object"), (4, "too_deep")]
    assert (loaded.cells, loaded.lines) == ([("1",), ("2",)], [1, 5])


@pytest.mark.parametrize("content", [b"[]", b'{"items": []}', b"[null]"])
def test_a_document_without_records_has_no_columns(load, content):
    loaded = load(content, "a.json")
    assert (loaded.found.columns, loaded.found.rows) == ((), 0)


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b'[{"id": 1},]', "bad_json"),
        (b'[{"id": 1}', "bad_json"),
        (b'[{"id": 1} {"id": 2}]', "bad_json"),
        (b'[{"id": 1}] x', "bad_json"),
        (b'{"items": [{"id": 1}]', "bad_json"),
        (b"7", "bad_json"),
        (b'{"id": 1}', "no_records"),
        (b'{"a": [{"id": 1}], "b": [{"id": 1}]}', "no_records"),
        (b'[{"id": "\xff"}]', "encoding"),
        (b'[{"id": 1}, {"ID": 2}]', "duplicate_header"),
    ],
)
def test_a_document_that_cannot_be_followed_is_refused(load, content, rule):
    with pytest.raises(UnreadableFileError) as refused:
        load(content, "a.json")
    assert refused.value.rule == rule


def test_a_path_that_leads_nowhere_is_refused(load):
    with pytest.raises(UnreadableFileError, match="leads nowhere"):
        load(b'{"data": {"items": []}}', "a.json", records="data.rows")


def test_lines_in_a_json_file_are_told_what_to_be_called(load):
    with pytest.raises(UnreadableFileError) as refused:
        load(b'{"id": 1}\n{"id": 2}\n', "a.json")
    assert (refused.value.rule, refused.value.remedy) == ("bad_json", "rename it to .jsonl")
