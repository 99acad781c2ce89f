"""Two spellings are one address, number or name; SQL's contact_key and the erasure registry agree on which."""

import duckdb
import pytest

from models.identities import email_form, name_form, phone_form
from pipelines.night.identity import create_key_macros

SAME = [
    ("ann@x.example", "ANN@X.Example"), ("ann@x.example", "  ann@x.example "), ("ann@x.example", "Ann Example <Ann@x.example>"),
    ("ann@x.example", "ann+tag@x.example"), ("ann@x.example", "bob@x.example"),
]  # fmt: skip
NUMBERS = [
    ("+44 20 7946 0958", "0044 20 7946 0958"), ("+44 20 7946 0958", "+44 (0)20-7946.0958"), ("+44 20 7946 0958", "442079460958"),
    ("+44 20 7946 0958", "+44 20 7946 0959"), ("+1 415 555 0100", "(415) 555-0100"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other", "form", "place"), [
    *((*pair, email_form, 0) for pair in SAME), *((*pair, phone_form, 1) for pair in NUMBERS),
])  # fmt: skip
def test_sql_and_python_agree_on_what_is_the_same(one, other, form, place):
    with duckdb.connect() as connection:
        create_key_macros(connection, b"a key")
        keys = [
            connection.execute("select contact_key_of($1, $2)", [text, None] if place == 0 else [None, text]).fetchone()
            for text in (one, other)
        ]
    assert (keys[0] == keys[1]) is (form(one) == form(other))


def test_which_spellings_are_the_same():
    assert [email_form(one) == email_form(other) for one, other in SAME] == [True, True, True, False, False]
    assert [phone_form(one) == phone_form(other) for one, other in NUMBERS] == [True, True, True, False, False]
    assert name_form("Example, ANN") == name_form("Ann  Example") != name_form("Ann Sample")
