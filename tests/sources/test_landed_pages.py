"""Rows out of landed API pages, and pages on a shelf whose window may be cut anywhere."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from models.errors import UnreadableFileError
from models.pages import Pages
from pipelines.sources.extraction.faults import ExtractionError
from pipelines.sources.extraction.pages import ApiObject, Page, Resume, Window
from pipelines.sources.extraction.shelf import Shelf, one_line
from pipelines.sources.reading.pages import read_pages

WINDOW = Window(None, datetime(2026, 3, 1, tzinfo=UTC))
NOW = datetime(2026, 3, 2, tzinfo=UTC)


def rows_of(tmp_path: Path, spec: dict[str, Any], *lines: Any) -> list[tuple[Any, ...]]:
    file = tmp_path / "pages"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    with duckdb.connect() as connection:
        rows = read_pages(connection, file, Pages.model_validate(spec))
        found = connection.execute(f"select * from {rows.relation}").fetchall()
        assert len(found) == rows.rows
        return found


def test_values_are_texts_whatever_their_type(tmp_path):
    spec = {"records": "data", "columns": {"id": "id", "at": "times.at", "gone": "nowhere.at_all", "odd": "odd"}}
    line = {
        "data": [{"id": 7, "times": {"at": "2026-03-01"}, "odd": True}, {"id": "8", "times": None, "odd": {"a": [1]}}]
    }
    assert rows_of(tmp_path, spec, line) == [("7", "2026-03-01", None, "true"), ("8", None, None, '{"a":[1]}')]


def test_null_items_and_empty_pages_are_no_rows(tmp_path):
    spec = {"records": "data", "columns": {"id": "id"}}
    assert rows_of(tmp_path, spec, {"data": [None, {"id": 1}]}, {"data": []}, {"data": None}) == [("1",)]


def test_lists_are_gathered_sorted_and_looked_up_in_their_own_line(tmp_path):
    found = {"lookup": "links.results", "by": "from.id", "each": "to", "take": "toObjectId"}
    spec = {
        "records": "page.results",
        "columns": {"id": "id", "contacts": [{"each": "own", "take": "id"}, found], "first": {"each": "own", "take": "id", "first": True}},
    }  # fmt: skip
    links = {"results": [{"from": {"id": "1"}, "to": [{"toObjectId": 9}, {"toObjectId": 5}]}]}
    lines = [
        {"page": {"results": [{"id": "1"}, {"id": "2"}]}, "links": links},
        {"page": {"results": [{"id": "1", "own": [{"id": "b"}, {"id": "a"}]}]}},
    ]
    assert rows_of(tmp_path, spec, *lines) == [("1", '["5","9"]', None), ("2", None, None), ("1", '["a","b"]', "b")]


def test_items_inside_a_record_are_rows_with_the_records_id(tmp_path):
    spec = {"records": "results", "inner": "history.stage", "columns": {"deal": "^id", "stage": "value"}}
    line = {"results": [{"id": 1, "history": {"stage": [{"value": "won"}, {"value": "demo"}]}}, {"id": 2}]}
    assert rows_of(tmp_path, spec, line) == [("1", "won"), ("1", "demo")]


def test_a_line_that_is_no_json_refuses_the_file(tmp_path):
    file = tmp_path / "pages"
    file.write_text('{"data": [{"id": 1}]}\n{"data": [{"id"')
    with duckdb.connect() as connection, pytest.raises(UnreadableFileError) as refused:
        read_pages(connection, file, Pages.model_validate({"records": "data", "columns": {"id": "id"}}))
    assert refused.value.rule == "bad_json"


class Vendor:
    """Pages of two ids each; `cut_at` fails before that page."""

    def __init__(self, pages: int, cut_at: int | None = None) -> None:
        self.pages, self.cut_at, self.asked = pages, cut_at, []

    def ask(self, resume: Resume | None) -> Iterator[Page]:
        place = int((resume or {"place": 0})["place"] or 0)
        while place < self.pages:
            if place == self.cut_at:
                raise ExtractionError("cut", "again")
            self.asked.append(place)
            body = json.dumps({"data": [{"id": place * 2}, {"id": place * 2 + 1}]}, indent=1).encode()
            place += 1
            yield Page(body, 2, {"place": place} if place < self.pages else None)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "shelf", tmp_path / "landed", ApiObject("calls", "changes", "read"), part_bytes=150)


def ids(shelf: Shelf, files: Iterable[Any]) -> list[int]:
    lines = [line for file in files for line in shelf.read(file).splitlines()]
    return [item["id"] for line in lines for item in json.loads(line)["data"]]


def test_a_window_lands_whole_in_parts(shelf):
    shelf.take(WINDOW, Vendor(9).ask)
    whole = shelf.finish(NOW)
    assert ids(shelf, whole.files) == list(range(18))
    assert (whole.records, whole.pages, len(whole.files) > 2) == (18, 9, True)
    assert shelf.windows() == [whole] and shelf.open_window() is None


@pytest.mark.parametrize("cut_at", range(9))
def test_a_window_goes_on_behind_the_last_page_that_landed(shelf, cut_at):
    cut, rest = Vendor(9, cut_at), Vendor(9)
    with pytest.raises(ExtractionError):
        shelf.take(WINDOW, cut.ask)
    with (shelf.folder / "part").open("ab") as part:
        part.write(b'{"data": [{"id"')  # a page that was half written when the night was killed
    shelf.take(WINDOW, rest.ask)
    assert [*cut.asked, *rest.asked] == list(range(9))
    assert ids(shelf, shelf.finish(NOW).files) == list(range(18))


def test_a_part_that_lost_bytes_begins_the_window_anew(shelf):
    shelf.part_bytes = 10_000
    with pytest.raises(ExtractionError):
        shelf.take(WINDOW, Vendor(9, 5).ask)
    (shelf.folder / "part").write_bytes(b"")
    assert shelf.open_window() is None
    shelf.take(WINDOW, Vendor(9).ask)
    assert ids(shelf, shelf.finish(NOW).files) == list(range(18))


def test_the_same_pages_again_are_the_same_files(shelf):
    for _ in range(2):
        shelf.take(WINDOW, Vendor(3).ask)
        whole = shelf.finish(NOW)
    assert len(list(shelf.landed.iterdir())) == len(whole.files)


def test_line_ends_between_tokens_are_blanks():
    assert one_line(b'{\r\n "a": "b\\n"\n}') == b'{   "a": "b\\n" }'
