"""Each way a source may write times, durations, numbers and words: read right, or not at all."""

from __future__ import annotations

from typing import Any

import pytest

from models.fields import MONEY, SECONDS
from models.mapping import FORMATS, UNITS

FAILED = "FAILED"
INSTANTS = ("activities", "occurred_at")
DAYS = ("opportunities", "expected_close_date")
SECONDS_FIELD = ("activities", "duration_seconds")
MONEY_FIELD = ("opportunities", "amount")


def check(convert: Any, place: tuple[str, str], rule: dict[str, Any], expected: dict[str, Any], **more: str) -> None:
    assert dict(zip(expected, convert(*place, rule, list(expected), **more), strict=True)) == expected


def test_a_strptime_format_gives_a_local_time(convert: Any) -> None:
    check(
        convert, INSTANTS, {"format": "%d.%m.%Y %H:%M"},
        {
            "01.03.2026 09:30": "2026-03-01 09:30:00",
            " 1.3.2026 9:30 ": "2026-03-01 09:30:00",
            "32.13.2026 09:30": FAILED,
            "31.02.2026 09:30": FAILED,
            "01.03.2026 24:00": FAILED,
            "01.03.2026": FAILED,
            "2026-03-01 09:30": FAILED,
            "٠١.٠٣.٢٠٢٦ 09:30": FAILED,
            "": None,
        },
    )  # fmt: skip


def test_a_format_without_a_clock_gives_a_day_that_no_zone_shifts(convert: Any) -> None:
    rule = {"format": "%d/%m/%Y", "timezone": "Asia/Tokyo"}
    check(convert, INSTANTS, rule, {"01/03/2026": "2026-03-01", "3/13/2026": FAILED}, zone="America/New_York")


def test_the_first_format_that_fits_wins(convert: Any) -> None:
    rule = {"format": ["%d.%m.%Y %H:%M", "%d.%m.%Y", "iso", "epoch_s"]}
    check(
        convert, INSTANTS, rule,
        {
            "01.03.2026 09:30": "2026-03-01 09:30:00",
            "01.03.2026": "2026-03-01",
            "2026-03-01T09:30:00Z": "2026-03-01T09:30:00Z",
            "1772357400": "2026-03-01 09:30:00+00",
            "soon": FAILED,
        },
    )  # fmt: skip


def test_a_column_with_a_zone_of_its_own_becomes_utc(convert: Any) -> None:
    rule = {"format": ["iso", "%d.%m.%Y %H:%M"], "timezone": "America/New_York"}
    check(
        convert, INSTANTS, rule,
        {
            "2026-03-02 09:30": "2026-03-02 14:30:00+00",
            "02.07.2026 09:30": "2026-07-02 13:30:00+00",
            "2026-03-02T09:30+03:00": "2026-03-02T09:30+03:00",
            "2026-03-02": "2026-03-02",
            "2026-02-30 10:00": FAILED,
        },
    )  # fmt: skip


def test_a_format_with_an_offset_gives_utc(convert: Any) -> None:
    check(
        convert, INSTANTS, {"format": "%d/%m/%Y %H:%M:%S %z"}, {"01/03/2026 02:30:00 +0300": "2026-02-28 23:30:00+00"}
    )
    check(
        convert,
        DAYS,
        {"format": "%d/%m/%Y %H:%M:%S %z"},
        {"01/03/2026 02:30:00 +0300": "2026-03-01"},
        zone="Europe/Istanbul",
    )


def test_epochs_are_utc(convert: Any) -> None:
    seconds = {"1772357400": "2026-03-01 09:30:00+00", "1772357400.25": "2026-03-01 09:30:00.25+00", "1.7e9": FAILED}
    check(convert, INSTANTS, {"format": "epoch_s"}, seconds)
    milliseconds = {"1772357400123": "2026-03-01 09:30:00.123+00", "2026-03-01": FAILED, "9" * 30: FAILED, "": None}
    check(convert, INSTANTS, {"format": "epoch_ms"}, milliseconds)
    check(convert, DAYS, {"format": "epoch_ms"}, {"1572480000000": "2019-10-31"}, zone="America/New_York")


def test_excel_serials_are_local_days_and_clock_times(convert: Any) -> None:
    serials = {
        "46082": "2026-03-01",
        "46082.416666666664": "2026-03-01 10:00:00",
        "46082,75": "2026-03-01 18:00:00",
        "2026-03-01": FAILED,
    }
    check(convert, INSTANTS, {"format": "excel_serial"}, serials)
    check(convert, INSTANTS, {"format": "excel_serial_1904"}, {"44620.5": "2026-03-01 12:00:00"})
    check(convert, DAYS, {"format": "excel_serial"}, {"46082.75": "2026-03-01"})


def test_a_day_is_taken_as_written_from_an_iso_time(convert: Any) -> None:
    days = {
        "2018-12-19 00:00:00": "2018-12-19",
        "2018-12-19T00:00:00Z": "2018-12-19",
        "2018-12-19": "2018-12-19",
        "19.12.2018": FAILED,
    }
    check(convert, DAYS, {"format": "iso"}, days, zone="America/New_York")
    zoned = {"2018-12-19T00:00:00Z": "2018-12-18", "2018-12-19 00:00": "2018-12-19"}
    check(convert, DAYS, {"format": "iso", "timezone": "America/New_York"}, zoned)


def test_months_may_be_formatted(convert: Any) -> None:
    check(convert, ("spend", "month"), {"format": "%b %Y"}, {"Mar 2026": "2026-03-01", "2026-03": FAILED})


def test_times_without_a_format_are_left_to_the_contract(convert: Any) -> None:
    check(convert, INSTANTS, {}, {"01.03.2026": "01.03.2026", " 2026-03-01 ": "2026-03-01"})


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        ("s", {"90": "90", "90.5": "91", "90.4": "90", "1,200": "1200", "1h 5m": FAILED, "1:30": FAILED, "-5": "-5"}),
        ("ms", {"90500": "91", "499": "0", "0": "0"}),
        ("min", {"1.5": "90", "0.01": "1", "2": "120"}),
        ("h", {"1.25": "4500"}),
        ("HH:MM", {"01:30": "5400", "1:30": "5400", "25:00": "90000", "1:30:29": "5429", "1:60": FAILED, "90": FAILED}),
        ("HH:MM:SS", {"00:01:30": "90", "1:02:03": "3723", "26:00:00": "93600", "00:00:01.5": "2", "05:30": FAILED, "1:2:3": FAILED}),
        ("MM:SS", {"05:30": "330", "90:00": "5400", "1:05:30": "3930", "1:90:00": FAILED, "5": FAILED}),
    ],
)  # fmt: skip
def test_durations_become_whole_seconds(convert: Any, unit: str, expected: dict[str, str]) -> None:
    check(convert, SECONDS_FIELD, {"unit": unit}, expected | {"": None, "abc": FAILED})


def test_durations_follow_the_decimal_mark(convert: Any) -> None:
    check(convert, SECONDS_FIELD, {"unit": "min"}, {"1,5": "90", "1.5": FAILED, "1.500": "90000"}, decimal=",")


def test_amounts_with_a_decimal_point(convert: Any) -> None:
    expected = {
        "$22,700.00": "22700.0000", "342.09K": "342090.0000", "1.5m": "1500000.0000", "2 B": "2000000000.0000",
        "(1,234.50)": "-1234.5000", "-$5": "-5.0000", "$-5": "-5.0000", "−7": "-7.0000", "USD 1 200.5": "1200.5000",
        "1'234.5 CHF": "1234.5000", "1.234": "1.2340", ".5": "0.5000", "₺1,000": "1000.0000", "US$10": "10.0000",
        "5MUSD": "5000000.0000", "1\u00a0000\u202f000": FAILED, "1\u00a0000": "1000.0000", "1100.0400000000001": "1100.0400",
        "1,23,4": FAILED, "1,234,5": FAILED, "12,34": FAILED, "1,234 567": FAILED, "1.234,56": FAILED, "--5": FAILED,
        "(-5)": FAILED, "(5": FAILED, "5)": FAILED, "12 MIO": FAILED, "5 MIL": FAILED, "1e5": FAILED, "NaN": FAILED,
        "12%": FAILED, "$": FAILED, "1,234.": FAILED, "٣": FAILED, "9" * 40: FAILED, "5-": FAILED, "": None,
    }  # fmt: skip
    check(convert, MONEY_FIELD, {}, expected)


def test_amounts_with_a_decimal_comma(convert: Any) -> None:
    expected = {
        "1.234,56 TL": "1234.5600",
        "1234,5": "1234.5000",
        "€ 1.000.000": "1000000.0000",
        "1,234.56": FAILED,
        "1.23": FAILED,
    }
    check(convert, MONEY_FIELD, {}, expected, decimal=",")


def test_shares_may_be_per_cent(convert: Any) -> None:
    check(
        convert,
        ("stages", "probability"),
        {},
        {"45%": "0.450000", "0.45": "0.450000", "12.5 %": "0.125000", "5K": FAILED},
    )


def test_whole_numbers_may_carry_an_empty_fraction(convert: Any) -> None:
    check(convert, SECONDS_FIELD, {}, {"342.0": "342", "342": "342", "342.5": FAILED})


def test_words_are_mapped_trimmed_and_in_any_case(convert: Any) -> None:
    rule = {"map": {"Gelen": "inbound", "Giden ": "outbound", "ÇAĞRI": "internal", "-": None}}
    expected = {" GELEN ": "inbound", "giden": "outbound", "çağrı": "internal", "-": None, "?": FAILED, "": None}
    check(convert, ("activities", "direction"), rule, expected)


def test_otherwise_takes_every_other_word_but_no_blank(convert: Any) -> None:
    rule = {"map": {"Gelen": "inbound"}, "otherwise": "unknown"}
    check(convert, ("activities", "direction"), rule, {"gelen": "inbound", "x": "unknown", "": None, None: None})


def test_an_empty_word_in_a_map_is_the_blank_cell(convert: Any) -> None:
    check(
        convert,
        ("activities", "direction"),
        {"map": {"": "outbound", "in": "inbound"}},
        {" ": "outbound", "in": "inbound"},
    )


def test_canonical_texts_keep_the_contract(convert: Any) -> None:
    for text in convert(*MONEY_FIELD, {}, ["$22,700.00", "342.09K", "(5)", ".5"]):
        MONEY.parse(text)
    for text in convert(*SECONDS_FIELD, {"unit": "HH:MM:SS"}, ["1:02:03", "00:00:00.4"]):
        SECONDS.parse(text)


RULES: list[tuple[tuple[str, str], dict[str, Any]]] = [
    *[(INSTANTS, {"format": form, "timezone": zone}) for form in FORMATS for zone in (None, "America/New_York")],
    *[(DAYS, {"format": form, "timezone": zone}) for form in FORMATS for zone in (None, "Asia/Tokyo")],
    *[(INSTANTS, {"format": form, "timezone": "Asia/Tokyo"}) for form in ("%d.%m.%Y %H:%M", "%Y-%m-%d %H:%M:%S %z", "%y%m%d")],
    *[(SECONDS_FIELD, {"unit": unit}) for unit in UNITS],
    (MONEY_FIELD, {}),
    (SECONDS_FIELD, {}),
    (("stages", "probability"), {}),
    (("activities", "direction"), {"map": {"in": "inbound"}}),
]  # fmt: skip
WILD = """9999-12-31 23:59:59|0001-01-01|294247-01-10 04:00:54|290308-12-22 (BC)|infinity|-infinity|epoch|now|NaN|99999999999
99999999999999|-99999999999999|999999|999999.99999999999999999999|9999:59:59|99999:59|999999999999999B|999 999 999 999 999
1.7976931348623157e308|(((|%s|'|"|\\|\\x00|🙂|-|+|.|,|:|::|1:|:1|31.12.9999 23:59|9999-12-31 23:59:59 -1400|000101|1,,5"""


@pytest.mark.parametrize("decimal", [".", ","])
def test_no_text_makes_a_conversion_raise(convert: Any, decimal: str) -> None:
    texts = [*WILD.replace("\n", "|").split("|"), "9" * 5_000, "a\x00b", "\x00", "\u00a0", "e\u0301\x00"]
    for place, rule in RULES:
        assert len(convert(*place, rule, texts, decimal=decimal)) == len(texts)
