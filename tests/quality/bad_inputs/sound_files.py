"""The valid files that are damaged: ordinary rows of every kind of text, as CSV, as JSON lines, and by a mapping."""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import polars as pl
import zstandard

from models.settings import Source
from tests.quality.bad_inputs.made_files import as_csv, as_jsonl, as_workbook
from tests.quality.bad_inputs.mutations import Damaged, Line

NAMES = ("Ada", "Gülşen İnce", "O'Hara, Bo", 'the "chief"', "Łukasz", "שלום", "")
SUBJECTS = (*NAMES, "two\nlines", 'a, "b"\n\nc', "@home")
CHANNELS = ("call", "email", "meeting", "sms")
DIALER: dict[str, Any] = {
    "kind": "mapped",
    "path": "inbox/x/*",
    "entity": "activities",
    "timezone": "Europe/Istanbul",
    "read": {"delimiter": ";", "decimal": ","},
    "fields": {
        "source_record_id": "Call ID",
        "channel": {"const": "call"},
        "occurred_at": {"column": "Started", "format": "%d.%m.%Y %H:%M"},
        "direction": {"column": "Type", "map": {"Gelen": "inbound", "Giden": "outbound"}, "otherwise": "unknown"},
        "duration_seconds": {"column": "Length", "unit": "HH:MM:SS"},
        "rep_id": "Agent",
    },
}


@dataclass(frozen=True)
class Sound:
    """A valid file with the source that reads it."""

    source: Source
    entity: str
    name: str
    file: Damaged


def _activity(chance: random.Random, number: int) -> dict[str, Any]:
    day = f"2026-03-{chance.randrange(1, 29):02}"
    return {
        "source_record_id": f"A-{number:04}",
        "channel": chance.choice(CHANNELS),
        "occurred_at": chance.choice((day, f"{day}T10:{number % 60:02}:00Z", f"{day} 09:30")),
        "rep_id": chance.choice(NAMES),
        "duration_seconds": str(chance.choice((0, 30, 600, 3600))),
        "contact_ids": chance.choice(("C1", "C1;C2", '["C1", "C2"]', "")),
        "subject": chance.choice(SUBJECTS),
        "updated_at": f"{day}T12:00:00+02:00",
    }


def _deal(chance: random.Random, number: int) -> dict[str, Any]:
    return {
        "opportunity_id": f"D-{number:04}",
        "stage": chance.choice(("New", "Offer", "Won")),
        "amount": f"{chance.randrange(100_000)}.{chance.randrange(100):02}",
        "currency": "EUR",
        "owner_rep_id": chance.choice(("Ada", "Gülşen İnce", "שלום", "")),
        "created_at": f"2026-02-{chance.randrange(1, 29):02}",
        "is_won": chance.choice(("true", "no", "")),
    }


def _dialed(chance: random.Random, number: int) -> dict[str, Any]:
    return {
        "Call ID": str(number),
        "Started": f"{chance.randrange(1, 29):02}.03.2026 {chance.randrange(24):02}:30",
        "Type": chance.choice(("Gelen", "Giden", "Beklemede")),
        "Length": f"00:{chance.randrange(60):02}:05",
        "Agent": chance.choice(("Ada", "Gülşen İnce", "O'Hara, Bo")),
    }


def as_lines(rows: list[dict[str, Any]], delimiter: str) -> Damaged:
    """CSV, a record a line (or several, when a cell spans them)."""

    def line(cells: list[Any]) -> bytes:
        text = io.StringIO()
        csv.writer(text, delimiter=delimiter, lineterminator="\n").writerow(cells)
        return text.getvalue().encode()

    records = tuple(Line(line(list(row.values())), place) for place, row in enumerate(rows))
    return Damaged(line(list(rows[0])), records)


def as_json_lines(rows: list[dict[str, Any]]) -> Damaged:
    """JSON, an object a line, and no header."""
    texts = (json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)
    return Damaged(b"", tuple(Line(text, place) for place, text in enumerate(texts)))


def canonical() -> Source:
    """A source in the contract's own columns."""
    return Source.model_validate({"name": "crm", "kind": "canonical", "path": "x", "timezone": "America/New_York"})


def activity_rows(seed: int, size: int = 12) -> list[dict[str, Any]]:
    """Sound activities, the same for the same seed."""
    chance = random.Random(seed)
    return [_activity(chance, number) for number in range(size)]


def as_parquet(rows: list[dict[str, Any]]) -> bytes:
    """All columns as text."""
    stream = io.BytesIO()
    pl.DataFrame(rows, schema=dict.fromkeys(rows[0], pl.String())).write_parquet(stream)
    return stream.getvalue()


def _zstd(content: bytes) -> bytes:
    return zstandard.ZstdCompressor(write_checksum=True).compress(content)


def _windows(rows: list[dict[str, Any]]) -> bytes:
    """With a mark, Windows' line ends and every cell in quotes."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n", quoting=csv.QUOTE_ALL)
    writer.writerows([list(rows[0]), *(list(row.values()) for row in rows)])
    return b"\xef\xbb\xbf" + text.getvalue().encode()


WRITTEN: dict[str, Callable[[list[dict[str, Any]]], bytes]] = {
    ".csv": as_csv,
    "_windows.csv": _windows,
    ".tsv": lambda rows: as_lines(rows, "\t").content,
    ".csv.gz": lambda rows: gzip.compress(as_csv(rows), mtime=0),
    ".csv.zst": lambda rows: _zstd(as_csv(rows)),
    ".jsonl": as_jsonl,
    ".json": lambda rows: json.dumps(rows, indent=1).encode(),
    ".jsonl.gz": lambda rows: gzip.compress(as_jsonl(rows), mtime=0),
    ".parquet": as_parquet,
    ".xlsx": as_workbook,
}


def sound_files(seed: int, size: int = 12) -> list[Sound]:
    """One of each kind, the same for the same seed."""
    chance = random.Random(seed)
    activities = activity_rows(seed, size)
    deals = [_deal(chance, number) for number in range(size)]
    dialed = [_dialed(chance, number) for number in range(size)]
    plain = [{**row, "rep_id": "R1", "subject": "x", "contact_ids": "C1;C2"} for row in activities]
    dialer = Source.model_validate({"name": "dialer", **DIALER})
    return [
        Sound(canonical(), "activities", "activities.csv", as_lines(activities, ",")),
        Sound(canonical(), "activities", "activities.csv", as_lines(plain, ",")),
        Sound(canonical(), "activities", "activities.jsonl", as_json_lines(activities)),
        Sound(canonical(), "opportunities", "opportunities.csv", as_lines(deals, ",")),
        Sound(dialer, "activities", "calls.csv", as_lines(dialed, ";")),
    ]
