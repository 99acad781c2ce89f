"""XLSX workbooks: one sheet, values only, as rows of text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from python_calamine import CalamineSheet, CalamineWorkbook, SheetVisibleEnum

from models.errors import UnreadableFileError
from models.fields import BLANKS
from models.mapping import ReadOptions
from pipelines.sources.reading.footers import footer_of, is_footer
from pipelines.sources.reading.headers import Header, header_of, no_header
from pipelines.sources.reading.records import Fault
from pipelines.sources.reading.rows import MAX_REJECT_TEXT, SheetSample, StructuralReject, TextRows
from pipelines.sources.reading.spool import Spool, frame_of
from pipelines.sources.reading.workbook_cells import Cell, cell_text, check_size, error_cells, is_inexact

_PART_ROWS = 20_000
_SAMPLED, _SAMPLED_LAST = 400, 20


def read_workbook(path: Path, options: ReadOptions, scratch: Path) -> TextRows:
    """The rows of one sheet; `line_of` gives the sheet's row number.

    Raises UnreadableFileError corrupt_workbook, sheet_needed, no_header, duplicate_header, bomb or too_large.
    """
    try:
        has_errors = check_size(path)
        workbook = CalamineWorkbook.from_path(path)
        sheet = workbook.get_sheet_by_name(_choose_sheet(workbook, options.sheet))
        errors = error_cells(path, sheet.name) if has_errors else {}
        rows = _SheetRows(sheet, errors)
    except UnreadableFileError:
        raise
    except Exception as error:  # the zip, XML and workbook parsers raise whatever a damaged file makes them raise
        raise UnreadableFileError(
            "corrupt_workbook", f"the workbook cannot be opened: {error}", "open and save it again, or export CSV"
        ) from error
    return _Reader(options, scratch).read(rows)


def sample_sheets(path: Path) -> list[SheetSample]:
    """Every visible sheet, for one who does not know the workbook yet. Raises as `read_workbook` does."""
    try:
        check_size(path)
        workbook = CalamineWorkbook.from_path(path)
        names = [sheet.name for sheet in workbook.sheets_metadata if sheet.visible == SheetVisibleEnum.Visible]
        return [_sampled(name, workbook.get_sheet_by_name(name)) for name in names]
    except UnreadableFileError:
        raise
    except Exception as error:  # as above
        raise UnreadableFileError(
            "corrupt_workbook", f"the workbook cannot be opened: {error}", "open and save it again, or export CSV"
        ) from error


def _sampled(name: str, sheet: CalamineSheet) -> SheetSample:
    rows = [tuple(cell_text(cell) for cell in cells) for _, cells in _SheetRows(sheet, {})]
    return SheetSample(name, len(rows), tuple(rows[:_SAMPLED]), tuple(rows[-_SAMPLED_LAST:]))


def _choose_sheet(workbook: CalamineWorkbook, wanted: str | None) -> str:
    names = [sheet.name for sheet in workbook.sheets_metadata]
    visible = [sheet.name for sheet in workbook.sheets_metadata if sheet.visible == SheetVisibleEnum.Visible]
    if wanted in names or (wanted is None and len(visible) == 1):
        return wanted or visible[0]
    found = f"no sheet is called {wanted!r}" if wanted else f"the workbook has {len(visible)} visible sheets"
    remedy = f"set read: {{sheet: NAME}} to one of {', '.join(repr(name) for name in names)}"
    raise UnreadableFileError("sheet_needed", found, remedy)


class _SheetRows:
    """The sheet's rows from row 1 on, blank ones above the first used cell included."""

    def __init__(self, sheet: CalamineSheet, errors: dict[tuple[int, int], str]) -> None:
        self._rows: list[list[Cell]] = sheet.to_python(skip_empty_area=True)
        self._above = sheet.start[0] if sheet.start else 0
        for (row, column), text in errors.items():
            self._rows[row][column] = text

    def __iter__(self) -> Iterator[tuple[int, list[Cell]]]:
        yield from ((number, []) for number in range(1, self._above + 1))
        yield from enumerate(self._rows, self._above + 1)


class _Reader:
    def __init__(self, options: ReadOptions, scratch: Path) -> None:
        self._options = options
        self._footer: re.Pattern[str] | None = footer_of(options)
        self._spool = Spool(scratch, options.null_values)
        self._header: Header | None = None
        self._rows: list[list[str]] = []
        self._numbers: list[int] = []

    def read(self, rows: _SheetRows) -> TextRows:
        for number, cells in rows:
            texts = [cell_text(cell, self._options.decimal) for cell in cells]
            if number <= self._options.skip_rows or self._is_no_record(texts):
                self._spool.ignored += 1
            elif self._header is None:
                self._header = header_of(texts)
            else:
                self._take(self._header, number, cells, texts)
        if self._header is None:
            raise no_header("the sheet holds no row")
        self._write(self._header)
        return self._spool.finish(self._header.columns)

    def _is_no_record(self, texts: list[str]) -> bool:
        if not any(text.strip(BLANKS) for text in texts):
            return True
        comment = self._options.comment
        if comment and texts[0].startswith(comment):
            return True
        if self._header is None:
            return False
        return is_footer(self._footer, texts, self._header.places[0]) or tuple(texts) == self._header.cells

    def _take(self, header: Header, number: int, cells: list[Cell], texts: list[str]) -> None:
        fault = header.misfit(texts) or _inexact_number(header, cells)
        if fault is not None:
            text = "\t".join(texts)[:MAX_REJECT_TEXT]
            self._spool.reject(StructuralReject(number, fault.rule, fault.message, text))
            return
        self._rows.append(header.pick(texts))
        self._numbers.append(number)
        if len(self._rows) >= _PART_ROWS:
            self._write(header)

    def _write(self, header: Header) -> None:
        self._spool.add(frame_of(header.columns, self._rows), np.array(self._numbers, np.int64))
        self._rows, self._numbers = [], []


def _inexact_number(header: Header, cells: list[Cell]) -> Fault | None:
    for column, place in zip(header.columns, header.places, strict=True):
        if is_inexact(cells[place]):
            found = f"{column!r} holds a number of more than 15 digits, whose last digits a workbook does not keep"
            return Fault("number_precision", f"{found}; format the column as text before the export, or export CSV")
    return None
