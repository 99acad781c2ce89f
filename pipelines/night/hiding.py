"""Addresses and phone numbers on their way into crm.duckdb, as macros that the load's SQL calls on each text."""

from __future__ import annotations

import duckdb

from models.personal import DATE, EMAIL, HIDDEN_EMAIL, HIDDEN_PHONE, PHONE, PHONE_ABROAD, PHONE_AS_ID
from sql.quoting import literal

_TOKEN, _SHORT_TOKEN = 32, 8


def create_hiding_macros(connection: duckdb.DuckDBPyConnection) -> None:
    """`hidden_id`, `hidden_word` and `hidden_text`: what stands in crm.duckdb instead of a text (`models.personal`).

    An id that is an address or a phone number goes by its contact_key, however it is spelled; one that only holds some
    by a keyed hash of its own. A word in which something is masked keeps a short hash, so that two stages or teams stay
    two. Nearly every text has nothing to hide, and is asked nothing dearer than whether an `@` is in it.

    They use `keyed_hash` and `contact_key_of` (identity.py).
    """
    for name, body in _HIDING.items():
        connection.execute(f"create or replace temp macro {name} as {body}")


_IS_PHONE = f"regexp_full_match(id, {literal(PHONE_AS_ID)})"
_HIDING = {
    "id_token(id)": f"""
        'keyed-' || left(coalesce(
            case
                when regexp_full_match(id, {literal(EMAIL)}) then contact_key_of(id, null)
                when {_IS_PHONE} then contact_key_of(null, id)
            end,
            keyed_hash('id:' || id)
        ), {_TOKEN})""",
    "hidden_id(id)": f"""
        case
            when contains(id, '@') or contains(id, '+')
                or (id < ':' and strlen(id) between 9 and 40 and try_cast(id as hugeint) is null)
                then case
                    when regexp_matches(id, {literal(f"{EMAIL}|{PHONE_ABROAD}")}) or {_IS_PHONE} then id_token(id) else id
                end
            else id
        end""",
    "dates_set_apart(text)": f"regexp_replace(text, {literal(DATE)}, chr(1) || '\\0' || chr(1), 'g')",
    "emails_masked(text)": f"regexp_replace(text, {literal(EMAIL)}, {literal(HIDDEN_EMAIL)}, 'g')",
    "masked(text)": f"""
        replace(
            regexp_replace(dates_set_apart(emails_masked(text)), {literal(PHONE)}, {literal(HIDDEN_PHONE)}, 'g'), chr(1), ''
        )""",
    "is_suspect(text)": f"(contains(text, '@') or regexp_matches(text, {literal(PHONE)}))",
    "hidden_text(text)": "case when is_suspect(text) then masked(text) else text end",
    "hidden_word(word)": f"""
        case
            when is_suspect(word) and masked(word) <> word
                then masked(word) || ' ' || left(keyed_hash('word:' || word), {_SHORT_TOKEN})
            else word
        end""",
}
