"""The contract's SQL and pydantic give the same verdict, row by row and field by field, on any text."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from pydantic import create_model

from data_quality.validate import explain
from models.contracts import CONTRACTS
from models.fields import BLANKS, Kind, Shape
from models.records import Record

SOURCE, COMPANY = "America/New_York", "Europe/Istanbul"

GOOD = {
    Shape.ID: ["00Q1", "Ünal Öz", "日本", "a b", "𝒳", "USD", "é" * 255, "x" * 255],
    Shape.TEXT: ["Re: offer\nsecond line", "tab\there", "x" * 20_000],
    Shape.INSTANT: ["2026-03-01", "2026-03-01T09:30Z", "2026-03-01 09:30:15.5", "2024-02-29 23:59:59.123456+05:30"],
    Shape.DAY: ["2026-03-31", "2024-02-29", "1900-01-01", "2099-12-31"],
    Shape.MONTH: ["2026-03", "2026-03-31", "2024-02-29"],
    Shape.WHOLE: ["0", "-0", "00042", "9999", "2678400"],
    Shape.NUMBER: ["0", "1", "-0", "-0.0", "0.5", "1.0000", "99999999999999.9999", "0.00000001"],
    Shape.ID_LIST: ["a;b; a ;;c", "x", '["a", "b;c","a"]', "[]", "[ ]", '[12,"12"]', ";", '"a";b'],
}
TIMES = """2026-02-30|2026-02-30T10:00|2025-02-29|2026-04-31|2026-00-10|2026-13-01|0000-00-00|2100-02-29|1989-12-31
1990-01-01|2099-12-31T23:59:59-14|2100-01-01|1899-12-31|1900-02-29|9999-12-31|0001-01-01|2026-03-01 24:00|2026-03-01T23:60Z
2026-03-01T23:59:60Z|2026-03-01T09:30:00.1234567|2026-03-01T9:30|2026-03-01T09:30+24:00|2026-03-01T09:30+15|2026-03-01T09
2026-03-01T09:30-14:59|2026-03-01T09:30+0530|2026-03-01T09:30:00.000+0000|2026-03-01T09:30+05:99|2026-03-01T09:30 Z
2026-03-01T09:30z|2026-03-01T|20260301T093000Z|2026-W09-7|2026-060|2026-3-1|2026-03|now|today|epoch|infinity|-infinity
٢٠٢٦-٠٣-٠١|290308-12-22 (BC)|199999-01-01|294247-01-10 04:00:54|2026-03-01 09:30 America/New_York|2026-11-01 01:30
2026-03-08 02:30|2026-03-01 09:30:00,5|2026-03-01  09:30|2026-02-29|2000-02-29|2026-06-31T00:00Z|2026-02|2026-2|0000-01"""
NUMBERS = """１２|٣|1٣|1e5|1E400|NaN|inf|+5|--5|1_000|0x1f|5.|.5|1,5|1.00001|-1|2678401|1.000001|1.0000001|999.999999
99999999999999|999999999999999|0.000000001|-0.0001|10000|9999999|999999999|123456789.12345678|00|-00.0|1234567890123
999999|1000000|1000|0.0|-|−5"""
WORDS = """call|CALL|cAll|ca ll|İnbound|ınbound|call;email|ja|2|on|T|ｔrue|usd|US|USDX|ÜSD|None|null|N/A|=1+1|%s {0} ${x}
"quoted"|Robert'); drop table x; --|👨‍👩‍👧|‮abc|'|\\|\\x00|\\n|a\\|<script>"""
LISTS = """["a"|["a",]|[1, 2]|["a", null]|[["a"]]|[NaN]|["a" "b"]|['a']|["a\\u0041"]|["a\\"b"]|["a"];|{"a": 1}|[1e5]
[-1]|[1.5]|[01]|["a","a"," b ",""]|[,]|[|]|[]]|[] []|a;[b]|["[","]"]|[ "a" , 1 ]|["\u00a0"]|;;|a;A;a"""
RAW = [
    "wee\u212a",
    "bu\u017fy",
    "\u017fms",
    "ye\u017f",
    "\u212aey",
    "2026-03-01\n",
    "2026-03-01\x00",
    "0\n",
    "0\x00",
    "call\n",
]
RAW += [
    "a\x00b",
    "\x00",
    "é\x00b",
    "e\u0301\x00b",
    "\x00true",
    "a\x1bb",
    "\x7f",
    "a\x0bb",
    "\x0ba",
    "a\x1c",
    "\x1d",
    "\x85a\x85",
]
RAW += [
    "\u00a0",
    "\u2003a",
    "\ufeffa",
    "\u3000",
    "\u2028",
    "a\tb",
    "a\nb",
    "a\r\nb",
    "e\u0301",
    "\u212b",
    "a\u037eb",
    "EUR\n",
]
RAW += [
    "x" * 256,
    "é" * 256,
    "🙂" * 255,
    "🙂" * 256,
    "x" * 20_001,
    "é" * 20_000,
    "9" * 5_000,
    "[" + "9" * 21 + "]",
    "a\tb;c",
]
RAW += [
    '["a\n"]',
    "",
    " ",
    "\t\r\n",
    " call ",
    "\n2026-03-01 ",
    " 5",
    "\u00a05",
    "\x0b5",
    "5\x1f",
    "e\u0301" * 255,
    "k" * 254 + "e\u0301",
]
ODD = [*RAW, *(text for block in (TIMES, NUMBERS, WORDS, LISTS) for text in re.split(r"\||\n", block))]


def cleaned(text: str | None) -> str | None:
    """What `clean` promises, in Python."""
    if text is None:
        return None
    composed = text if "\0" in text else unicodedata.normalize("NFC", text)
    return composed.strip(BLANKS) or None


def good(kind: Kind) -> list[str]:
    if kind.words:
        return [*kind.words, *(word.title() for word in kind.words)]
    return [text for text in GOOD[kind.shape] if kind.pattern is None or re.fullmatch(kind.pattern, text)]


def mutated(kind: Kind) -> st.SearchStrategy[str]:
    """A good text with one stretch replaced."""
    piece = st.sampled_from(
        ["", " ", "\n", "\x00", "9", "3", "-", ":", "Z", "+", ";", "[", '"', ",", "٣", "\u212a", "İ", "é"]
    )
    return st.builds(
        lambda text, place, length, new: text[: place % (len(text) + 1)] + new + text[place % (len(text) + 1) + length :],
        st.sampled_from(good(kind)), st.integers(0, 40), st.integers(0, 3), piece | st.text(max_size=3),
    )  # fmt: skip


def cell(kind: Kind) -> st.SearchStrategy[str | None]:
    fine = st.sampled_from(good(kind))
    return st.one_of(fine, fine, fine, mutated(kind), st.sampled_from(ODD), st.none(), st.text(max_size=12))


def expected(kind: Kind, text: str | None) -> Any:
    """The typed value of an accepted text, by Python's own calendar and zones."""
    if text is None:
        return None
    value = kind.parse(text)
    if kind.shape is Shape.MONTH:
        return value.replace(day=1)
    if not isinstance(value, datetime):
        return value
    if value.tzinfo is not None:
        return value.astimezone(UTC)
    zone = ZoneInfo(COMPANY if len(text) == 10 else SOURCE)
    return max(value.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))


def verdict(contract: type[Record], row: dict[str, str | None]) -> set[str]:
    """The broken bits, by pydantic."""
    rules = {rule.rule for rule in contract.ROW_RULES}
    found = explain(contract, {name: cleaned(text) for name, text in row.items()})
    return {f"row:{item.rule}" if item.rule in rules else item.field for item in found}


def agree(judge: Any, contract: type[Record], rows: list[dict[str, str | None]]) -> None:
    judged = judge(contract, rows, SOURCE, COMPANY)
    for row, seen in zip(rows, judged, strict=True):
        assert seen["broken"] == verdict(contract, row), row
        if seen["broken"]:
            continue
        for name, kind in contract.kinds().items():
            if name not in (*contract.PRECISION, *contract.PRECISION.values()):
                assert seen[name] == expected(kind, cleaned(row.get(name))), (name, row)


def every_kind() -> list[Any]:
    """One contract of one field for each kind that any contract uses."""
    found: dict[Kind, Any] = {}
    for contract in CONTRACTS.values():
        for name, kind in contract.kinds().items():
            only: Any = create_model(
                f"Only_{name}",
                __base__=Record,
                only=(contract.model_fields[name].annotation, contract.model_fields[name]),
            )
            found.setdefault(kind, pytest.param(only, kind, id=f"{contract.ENTITY}.{name}"))
    return list(found.values())


@pytest.mark.parametrize(("contract", "kind"), every_kind())
def test_sql_and_pydantic_agree_on_every_odd_text(judge: Any, contract: type[Record], kind: Kind) -> None:
    agree(judge, contract, [{"only": text} for text in [*ODD, *good(kind), None]])


@pytest.mark.parametrize(("contract", "kind"), every_kind())
def test_sql_and_pydantic_agree_on_mutated_texts(judge: Any, contract: type[Record], kind: Kind) -> None:
    @settings(max_examples=8, deadline=None)
    @given(st.lists(mutated(kind) | st.text(max_size=12), min_size=1, max_size=80))
    def check(texts: list[str]) -> None:
        agree(judge, contract, [{"only": text} for text in texts])

    check()


@pytest.mark.parametrize("contract", CONTRACTS.values(), ids=CONTRACTS)
def test_sql_and_pydantic_agree_on_whole_rows(judge: Any, contract: type[Record]) -> None:
    row = st.fixed_dictionaries({name: cell(kind) for name, kind in contract.kinds().items()})

    @settings(max_examples=4, deadline=None, phases=[Phase.generate])
    @given(st.lists(row, min_size=10, max_size=20))
    def check(rows: list[dict[str, str | None]]) -> None:
        agree(judge, contract, rows)

    check()


def test_a_day_keeps_its_date_in_the_company_zone(judge: Any) -> None:
    [seen] = judge(CONTRACTS["leads"], [{"lead_id": "1", "created_at": "2026-03-01"}], SOURCE, COMPANY)
    assert (seen["mask"], seen["created_at"].astimezone(ZoneInfo(COMPANY)).date()) == (0, date(2026, 3, 1))
