"""Workbooks: the values of one sheet as text, each row known by its number in the sheet."""

import io
from datetime import date, datetime, time, timedelta

import openpyxl
import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from models.errors import UnreadableFileError


def saved(book: openpyxl.Workbook) -> bytes:
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def a_book(*rows: list[object]) -> openpyxl.Workbook:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    return book


def test_every_kind_of_cell_has_one_text(load):
    row = [
        "0044",
        12,
        3.0,
        2.5,
        0.0000001,
        123456789012345,
        date(2026, 3, 1),
        datetime(2026, 3, 1, 10, 5, 6),
        time(9, 30),
        timedelta(hours=30, minutes=1),
        True,
        "#N/A",
        "=1+1",
        " a ",
        None,
    ]
    loaded = load(saved(a_book([f"c{place}" for place in range(len(row))], row)), "a.xlsx")
    numbers = ("0044", "12", "3", "2.5", "0.0000001", "123456789012345")
    times = ("2026-03-01", "2026-03-01 10:05:06", "09:30:00", "30:01:00")
    assert loaded.cells == [(*numbers, *times, "true", "#N/A", "", " a ", "")]


def test_a_column_may_mix_kinds(load):
    loaded = load(saved(a_book(["at", "id"], [date(2026, 3, 1), 1], ["yesterday", "007"], [5, True])), "a.xlsx")
    assert loaded.cells == [("2026-03-01", "1"), ("yesterday", "007"), ("5", "true")]


def test_the_epoch_of_1904_is_honoured(load):
    book = openpyxl.Workbook()
    book.epoch = CALENDAR_MAC_1904
    book.active.append(["day"])
    book.active.append([date(2026, 3, 1)])
    assert load(saved(book), "a.xlsx").cells == [("2026-03-01",)]


def test_blank_rows_merged_cells_and_a_late_start_keep_the_rows_numbers(load):
    book = openpyxl.Workbook()
    sheet = book.active
    for place, value in {"C4": "id", "D4": "note", "C5": "1", "D5": "#REF!", "C8": "2", "C9": "Total"}.items():
        sheet[place] = value
    sheet.merge_cells("C8:D8")
    loaded = load(saved(book), "a.xlsx", footer="Total")
    assert (loaded.cells, loaded.lines) == ([("1", "#REF!"), ("2", "")], [5, 8])
    assert (loaded.found.ignored, loaded.found.records) == (6, 8)


def test_rows_above_the_header_are_skipped_and_repeated_headers_ignored(load):
    loaded = load(saved(a_book(["Report"], ["id", "n"], [1, 2], ["id", "n"], [3, 4])), "a.xlsx", skip_rows=1)
    assert (loaded.found.columns, loaded.cells, loaded.found.ignored) == (("id", "n"), [("1", "2"), ("3", "4")], 2)


def test_a_number_longer_than_a_workbook_keeps_is_rejected(load):
    loaded = load(saved(a_book(["id"], [9007199254740993], [9007199254740991])), "a.xlsx")
    assert (loaded.cells, loaded.rejects) == ([("9007199254740991",)], [(2, "number_precision")])


def test_a_cell_under_no_name_is_rejected(load):
    loaded = load(saved(a_book(["id", None], ["1", None], ["2", "x"])), "a.xlsx")
    assert (loaded.found.columns, loaded.cells, loaded.rejects) == (("id",), [("1",)], [(3, "too_many_fields")])


def test_hidden_sheets_do_not_count_and_two_visible_ones_need_a_choice(load):
    book = a_book(["id"], ["1"])
    book.create_sheet("lists").sheet_state = "hidden"
    assert load(saved(book), "a.xlsx").cells == [("1",)]
    other = book.create_sheet("March")
    other.append(["id"])
    other.append(["2"])
    with pytest.raises(UnreadableFileError) as refused:
        load(saved(book), "a.xlsx")
    assert refused.value.rule == "sheet_needed"
    assert "'March'" in refused.value.remedy
    assert load(saved(book), "a.xlsx", sheet="March").cells == [("2",)]


@pytest.mark.parametrize(("rows", "rule"), [([], "no_header"), ([["a", "A"]], "duplicate_header")])
def test_a_sheet_without_a_usable_header_is_refused(load, rows, rule):
    with pytest.raises(UnreadableFileError) as refused:
        load(saved(a_book(*rows)), "a.xlsx")
    assert refused.value.rule == rule


def test_one_cell_far_away_does_not_fill_the_memory(load):
    book = a_book(["id"], ["1"])
    book.active["XFD1048576"] = "x"
    with pytest.raises(UnreadableFileError) as refused:
        load(saved(book), "a.xlsx")
    assert refused.value.rule == "too_large"
