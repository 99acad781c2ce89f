"""Whatever is written is read back alike on both paths, and whatever is broken is accounted for."""

import csv
import gzip
import io

import openpyxl
import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.errors import UnreadableFileError
from pipelines.sources.reading.clean_lines import read_clean, read_plainly
from pipelines.sources.reading.records import Dialect

QUIET = {"deadline": None, "suppress_health_check": list(HealthCheck)}
CELL = st.text(st.sampled_from("ab01 ,;\"'\n\r\t\x00\x0b\x85\u2028üé😀"), max_size=6)


@st.composite
def tables(draw):
    width = draw(st.integers(1, 4))
    rows = draw(st.lists(st.lists(CELL, min_size=width, max_size=width), max_size=8))
    end = draw(st.sampled_from(["\n", "\r\n"]))
    quoting = draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]))
    if quoting == csv.QUOTE_MINIMAL and end == "\n":  # the writer leaves a lone CR unquoted
        rows = [[cell.replace("\r", "") for cell in row] for row in rows]
    stream = io.StringIO(newline="")
    delimiter = draw(st.sampled_from(",;\t"))
    writer = csv.writer(stream, delimiter=delimiter, lineterminator=end, quoting=quoting)
    writer.writerow(f"column {place}" for place in range(width))
    writer.writerows(rows)
    text = stream.getvalue()
    return text.removesuffix(end) if draw(st.booleans()) and rows else text, delimiter


@settings(max_examples=120, **QUIET)
@given(tables())
def test_both_paths_read_what_the_csv_module_reads(load, table):
    text, delimiter = table
    _, *expected = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    blank = [row for row in expected if not row]
    rows = [tuple(row) for row in expected if row]
    for slow in (False, True):
        loaded = load(text.encode(), slow=slow, delimiter=delimiter)
        assert loaded.cells == rows
        assert (loaded.found.rows, loaded.found.ignored, loaded.rejects) == (len(rows), len(blank), [])


@settings(max_examples=60, **QUIET)
@given(tables())
def test_both_paths_know_the_same_lines(load, table):
    text, delimiter = table
    fast, slow = (load(text.encode(), slow=slow, delimiter=delimiter) for slow in (False, True))
    assert fast.lines == slow.lines


@settings(max_examples=60, **QUIET)
@given(st.lists(st.lists(st.text(st.sampled_from('a ,"ü'), max_size=5), min_size=2, max_size=2), min_size=1))
def test_polars_and_the_csv_module_agree_on_clean_lines(rows):
    stream = io.StringIO(newline="")
    csv.writer(stream, lineterminator="\n").writerows(rows)
    text, dialect = stream.getvalue().encode(), Dialect(",", '"', "utf-8")
    by_polars, by_csv = read_clean(text, len(rows), ["0", "1"], dialect), read_plainly(text, ["0", "1"], dialect)
    assert by_polars.fill_null("").rows() == by_csv.rows() == [tuple(row) for row in rows]


PLAIN = b"id,note,at\n" + b"".join(b"%d,note %d,2026-03-%02d\n" % (n, n, n % 28 + 1) for n in range(30))


@settings(max_examples=80, **QUIET)
@given(st.integers(len(b"id,note,at\n"), len(PLAIN) - 1), st.integers(0, 255) | st.sampled_from(b'"\r\n,\xe9\x00'))
def test_one_changed_byte_costs_no_other_record(load, place, byte):
    content = PLAIN[:place] + bytes([byte]) + PLAIN[place + 1 :]
    touched = PLAIN[:place].count(b"\n") - 1
    originals = [tuple(line.decode().split(",")) for line in PLAIN.splitlines()[1:]]
    loaded = load(content)
    assert [row for n, row in enumerate(originals) if n not in (touched, touched + 1)] == [
        row for row in loaded.cells if row in originals and originals.index(row) not in (touched, touched + 1)
    ]
    if b'"' not in content:
        assert loaded.found.records == len(content.splitlines()) - 1


QUOTED = b'id,note,at\r\n1,"a, ""b""\r\nc",2026\r\n2,x,\r\n\r\n3,"","y"\r\nid,note,at\r\n4,5,6\r\n'
LINES = b'{"id": 1, "p": {"x": [1, "a"]}}\n{"id": "2", "n": null}\n\n{"id": 1.50}\n'
DOCUMENT = b'{"items": [{"id": 1}, null, {"id": "a", "p": {"q": true}}], "next": "x"}'


def a_workbook() -> bytes:
    book = openpyxl.Workbook()
    for row in (["id", "n"], [1, "a"], [2.5, "#N/A"]):
        book.active.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def a_parquet() -> bytes:
    stream = io.BytesIO()
    pl.DataFrame({"id": ["1", "2"], "n": [1, None]}).write_parquet(stream)
    return stream.getvalue()


CALENDAR = (
    b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:a\r\nDTSTAMP:20260301T000000Z\r\nDTSTART;TZID=America/New_York:20260302T1000\r\n"
    b" 00\r\nDURATION:PT1H\r\nRRULE:FREQ=WEEKLY;COUNT=3\r\nEXDATE:20260309T140000Z\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:b\r\n"
    b"DTSTART;VALUE=DATE:20260302\r\nSUMMARY:caf\xc3\xa9\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)
MAILBOX = (
    b"From a Mon Mar  2 15:00:00 2026\nMessage-ID: <1@x>\nDate: Mon, 2 Mar 2026 10:00:00 -0500\nFrom: A <a@x.example>\n"
    b"To: b@y.example\nSubject: =?utf-8?Q?caf=C3=A9?=\n\nbody\n\nFrom b Mon Mar  2 15:00:00 2026\nMessage-ID: <2@x>\n"
    b"Date: Mon, 2 Mar 2026 10:00:00 -0500\nFrom: b@y.example\n\nbody\n"
)


FILES = {
    "a.csv": QUOTED,
    "a.jsonl": LINES,
    "a.json": DOCUMENT,
    "a.csv.gz": gzip.compress(QUOTED, mtime=0),
    "a.xlsx": a_workbook(),
    "a.parquet": a_parquet(),
    "a.ics": CALENDAR,
    "a.mbox": MAILBOX,
}


@st.composite
def mutated_files(draw):
    name = draw(st.sampled_from(sorted(FILES) + ["a.csv"] * 4 + ["a.jsonl"] * 2))
    content = FILES[name]
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, max(len(content) - 1, 0)))
        match draw(st.sampled_from(["flip", "cut", "double", "drop"])):
            case "flip":
                content = content[:place] + bytes([draw(st.integers(0, 255))]) + content[place + 1 :]
            case "cut":
                content = content[:place]
            case "double":
                lines = content.splitlines(keepends=True)
                at = draw(st.integers(0, max(len(lines) - 1, 0)))
                content = b"".join(lines[: at + 1] + lines[at:])
            case "drop":
                content = content[:place] + content[place + 1 :]
    return name, content


@settings(max_examples=250, **QUIET)
@given(mutated_files(), st.booleans())
def test_a_damaged_file_is_refused_or_accounted_for(load, mutated, slow):
    name, content = mutated
    try:
        loaded = load(content, name, slow=slow)
    except UnreadableFileError as refused:
        assert refused.rule and refused.remedy
        return
    starts = loaded.lines + [reject.line_number for reject in loaded.found.rejects]
    if name == "a.ics":  # an event stands for all its occurrences, and a changed one comes in its series' place
        return
    assert len(set(starts)) == len(starts)
    assert loaded.lines == sorted(loaded.lines)
    if name in ("a.csv", "a.jsonl"):
        lines, header = len(content.splitlines()), name == "a.csv"
        assert max(starts, default=0) <= lines
        assert loaded.found.records + header <= lines
        assert loaded.found.records + header == lines or b'"' in content
