"""What counts as an address or a phone number, in Python and in SQL alike."""

import re

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.personal import masked, masked_name
from pipelines.night.identity import create_key_macros

TEXTS = {
    "connected": "connected",
    "Sent to ann@x.example, then bob": "Sent to ***@***, then bob",
    "call 415.555.0123": "call ***",
    "01.23.45.67.89": "***",
    "+49 30 12345": "***",
    "ring 030/1234-5678 at 9": "ring *** at 9",
    "2026-03-01 10:30": "2026-03-01 10:30",
    "01/03/2026 10.30": "01/03/2026 10.30",
    "2026-03-01 4155550123": "2026-03-01 ***",
    "Order 12345678": "Order 12345678",
    "12,500,000.00 USD": "12,500,000.00 USD",
    "@handle": "@handle",
}
KEYED = (
    "ann@x.example", "mailto:ann@x.example", "ann@x.example/7", "+1 415 555 0123", "(415) 555-0123", "415-555-0123",
    "0171/1234567", "44 20 7946 0958", "whatsapp:+14155238886",
)  # fmt: skip
LEFT_ALONE = (
    "A1", "@handle", "4155550123", "003Hs00003abcDEFGH", "550e8400-e29b-41d4-a716-446655440000", "2024-000123", "C 12",
    "10/2024/001", "a+b", "2026-03-01T10:00:00+01:00",
)  # fmt: skip
PIECES = st.sampled_from(
    [*"0123456789", " ", "-", "/", ".", "(", ")", "+", "@", "a", "é", "\u2011", "2026-03-01", "12"]
)


@pytest.fixture(scope="module")
def connection():
    opened = duckdb.connect()
    create_key_macros(opened, b"a key")
    return opened


def answer(connection, question, text):
    return connection.execute(f"select {question}", [text]).fetchone()[0]


@pytest.mark.parametrize("text", TEXTS)
def test_addresses_and_phone_numbers_in_a_text_are_masked_dates_are_not(connection, text):
    assert masked(text) == TEXTS[text]
    assert answer(connection, "hidden_text(?)", text) == TEXTS[text]


@given(st.lists(PIECES, max_size=30).map("".join))
def test_python_and_sql_mask_alike_and_leave_no_long_number(connection, text):
    shown = masked(text)
    assert answer(connection, "hidden_text(?)", text) == shown
    assert not re.search("[0-9]{9}", shown)


@pytest.mark.parametrize("text", KEYED)
def test_an_id_that_is_or_holds_an_address_is_keyed(connection, text):
    assert re.fullmatch("keyed-[0-9a-f]{32}", answer(connection, "hidden_id(?)", text))


@pytest.mark.parametrize("text", LEFT_ALONE)
def test_other_ids_are_left_alone(connection, text):
    assert answer(connection, "hidden_id(?)", text) == text


def test_spellings_of_one_address_or_number_have_one_token(connection):
    emails = {answer(connection, "hidden_id(?)", text) for text in ("Ann@X.example", "ann@x.EXAMPLE")}
    phones = {
        answer(connection, "hidden_id(?)", text) for text in ("+1 415 555 0123", "+14155550123", "1-415-555-0123")
    }
    assert (len(emails), len(phones)) == (1, 1)


def test_two_words_that_mask_to_the_same_stay_two(connection):
    words = {answer(connection, "hidden_word(?)", f"Sent to {who}@x.example") for who in ("ann", "bob")}
    assert len(words) == 2
    assert all(word.startswith("Sent to ***@*** ") for word in words)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("calls_20260301123456.csv.gz", "calls_20260301123456.csv.gz"),
        ("calls ann@x.example.csv.gz", "calls ***@***.csv.gz"),
        ("calls +14155550123.xlsx", "calls ***.xlsx"),
    ],
)
def test_a_file_name_keeps_its_endings_and_its_time(name, shown):
    assert masked_name(name) == shown
