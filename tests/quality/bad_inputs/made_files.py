"""Bytes of the catalogue's files: rows written as CSV, JSON lines or a workbook, and files that no text can show."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any

import openpyxl
import polars as pl
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from tests.quality.bad_inputs.fixtures import Fixture, GivenFile

SOUND: dict[str, dict[str, Any]] = {
    "activities": {"channel": "call", "occurred_at": "2026-03-02T15:00:00Z", "updated_at": "2026-03-02T16:00:00Z"},
    "reps": {"full_name": "Ada", "rep_type": "inside", "hire_date": "2025-01-01", "role": "ae", "team": "East"},
    "opportunities": {"stage": "New", "updated_at": "2026-03-02T16:00:00Z"},
    "accounts": {"updated_at": "2026-03-02T16:00:00Z"},
    "contacts": {"updated_at": "2026-03-02T16:00:00Z"},
    "users": {"updated_at": "2026-03-02T16:00:00Z"},
}
KEYS = {"activities": "source_record_id", "reps": "rep_id", "opportunities": "opportunity_id", "accounts": "account_id",
        "contacts": "contact_id", "users": "user_id"}  # fmt: skip
Row = Mapping[str, Any]


def content_of(fixture: Fixture, file: GivenFile, form: str) -> tuple[str, bytes]:
    """The file's name and its bytes."""
    if file.made is not None:
        return file.name, made(file.made)
    if file.text is not None:
        return file.name, file.text.encode(file.encoding)
    assert file.rows is not None
    entity = file.name.split("_")[0] or fixture.entity
    rows = file.rows if fixture.is_mapped else [_sound(entity, row, n) for n, row in enumerate(file.rows, start=1)]
    write = {"csv": as_csv, "jsonl": as_jsonl, "xlsx": as_workbook}[form]
    return f"{file.name or fixture.entity}.{form}", write(rows)


def _sound(entity: str, row: Row, number: int) -> Row:
    """The row completed to a sound one; what it says is null stays away."""
    whole = {KEYS[entity]: str(number)} | SOUND[entity] | dict(row)
    return {name: value for name, value in whole.items() if value is not None}


def _columns(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row))


def as_csv(rows: Sequence[Row]) -> bytes:
    """A header and the rows."""
    text = io.StringIO()
    writer = csv.DictWriter(text, _columns(rows), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def as_jsonl(rows: Sequence[Row]) -> bytes:
    """An object a line."""
    return b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)


def as_workbook(rows: Sequence[Row]) -> bytes:
    """One sheet with a header."""
    return saved(book_of([_columns(rows), *([row.get(name) for name in _columns(rows)] for row in rows)]))


def book_of(rows: Sequence[Sequence[Any]]) -> openpyxl.Workbook:
    """A workbook of one sheet."""
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(list(row))
    return book


def saved(book: openpyxl.Workbook) -> bytes:
    """The workbook's bytes."""
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


HEADER = ["source_record_id", "channel", "occurred_at", "updated_at"]
CALL = ["1", "call", "2026-03-02T15:00:00Z", "2026-03-02T16:00:00Z"]
PLAIN = "\n".join([",".join(HEADER), ",".join(CALL)]).encode() + b"\n"


def calls(*rows: Sequence[Any]) -> list[list[Any]]:
    """The header, and a call for each row that is given from its beginning."""
    return [HEADER, *([*row, *CALL[len(row) :]] for row in rows)]


def a_zip(*members: tuple[str, bytes]) -> bytes:
    """An archive with these members."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return stream.getvalue()


def a_parquet() -> bytes:
    stream = io.BytesIO()
    pl.DataFrame([dict(zip(HEADER, CALL, strict=True))]).write_parquet(stream)
    return stream.getvalue()


def a_bomb() -> bytes:
    """Some 120 MB of zeros."""
    return gzip.compress(bytes(120 * 1024**2), compresslevel=9, mtime=0)


def an_entity_bomb() -> bytes:
    """A workbook whose sheet names entities within entities."""
    sheet = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><worksheet>&b;</worksheet>'
    whole = zipfile.ZipFile(io.BytesIO(saved(book_of(calls(["1"])))))
    members = [(name, sheet if "sheet1" in name else whole.read(name)) for name in whole.namelist()]
    return a_zip(*members)


def formula_without_a_value() -> bytes:
    return saved(book_of(calls(["f1"], ["f2", "call", '="2026-03-02"&"T15:00:00Z"'])))


def merged_cells() -> bytes:
    book = book_of(calls(["m1"], ["m2", "email"], ["m3", "email"]))
    book.active.merge_cells("B3:B4")
    return saved(book)


def a_hidden_sheet() -> bytes:
    book = book_of(calls(["h1"]))
    book.create_sheet("old").sheet_state = "hidden"
    return saved(book)


def two_sheets() -> bytes:
    book = book_of(calls(["1"]))
    book.create_sheet("other").append(["x"])
    return saved(book)


def error_cells() -> bytes:
    return saved(book_of(calls(["e1"], ["e2", "call", "#N/A"])))


def days_since_1904() -> bytes:
    book = book_of([HEADER])
    book.epoch = CALENDAR_MAC_1904
    book.active.append(["d1", "call", date(2026, 3, 2), "2026-03-02T16:00:00Z"])
    return saved(book)


def titled_workbook() -> bytes:
    rows = [["Calls of March"], ["Report run by Ada"], *calls(["1"], ["2"]), ["Grand total: 2"]]
    return saved(book_of(rows))


def ids_as_numbers() -> bytes:
    """What Excel makes of long ids: numbers of 17 digits, and texts in its own notation."""
    return saved(book_of(calls(["1"], [12345678901234567], ["1.23457E+15"])))


def a_late_key() -> bytes:
    """30,000 lines, then one with a key more."""
    rows = [dict(zip(HEADER, [str(n), *CALL[1:]], strict=True)) for n in range(30_001)]
    return as_jsonl([*rows[:-1], {**rows[-1], "mood": "sunny"}])


def nested_deep() -> bytes:
    deep = b"[" * 100_000 + b"]" * 100_000
    return as_jsonl([dict(zip(HEADER, CALL, strict=True))]) + b'{"source_record_id": "2", "channel": ' + deep + b"}\n"


@cache
def made(name: str) -> bytes:
    """The same bytes whenever asked: workbooks and archives hold the time at which they were made."""
    return MADE[name]()


def many_digits() -> bytes:
    """A length of 5,000 digits, as a JSON number."""
    return as_jsonl(
        [dict(zip(HEADER, CALL, strict=True))]
    ) + b'{"source_record_id": "3", "channel": "call", "occurred_at": "2026-03-02", "duration_seconds": %s}' % (
        b"7" * 5_000
    )


MADE: dict[str, Callable[[], bytes]] = {
    "header_only_workbook": lambda: saved(book_of([HEADER])),
    "truncated_workbook": lambda: saved(book_of(calls(["1"])))[:-400],
    "workbook_and_garbage": lambda: saved(book_of(calls(["1"]))) + b"garbage" * 10_000,
    "sound_workbook": lambda: saved(book_of(calls(["1"]))),
    "truncated_gzip": lambda: gzip.compress(PLAIN * 50, mtime=0)[:-10],
    "gzip_and_garbage": lambda: gzip.compress(PLAIN, mtime=0) + b"garbage",
    "bomb": a_bomb,
    "entity_bomb": an_entity_bomb,
    "climbing_zip": lambda: a_zip(("../../activities.csv", PLAIN)),
    "zip_of_two": lambda: a_zip(("a.csv", PLAIN), ("b.csv", PLAIN)),
    "parquet": a_parquet,
    "pdf": lambda: b"%PDF-1.7\n1 0 obj\n",
    "formula_without_a_value": formula_without_a_value,
    "merged_cells": merged_cells,
    "hidden_sheet": a_hidden_sheet,
    "two_sheets": two_sheets,
    "error_cells": error_cells,
    "days_since_1904": days_since_1904,
    "titled_workbook": titled_workbook,
    "ids_as_numbers": ids_as_numbers,
    "late_key": a_late_key,
    "nested_deep": nested_deep,
    "many_digits": many_digits,
    "large_cell": lambda: PLAIN + b'2,call,"' + b"x" * 1_100_000 + b'",2026-03-02\n',
    "long_line": lambda: PLAIN + b"2,call," + b"x" * 10_500_000 + b",2026-03-02\n",
}
