"""What identifies people stays in private.duckdb: the key behind contact_key and keyed ids, and who they stand for."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from pathlib import Path

import duckdb

from models.errors import TouchlineError
from pipelines.night.hiding import create_hiding_macros
from pipelines.night.whole_file import write_whole

SECRET_VARIABLE = "TOUCHLINE_SECRET_KEY"
_BLOCK = 64
_EMAIL_FORM = r"""case
    when contains(email, '<')
        then lower(coalesce(nullif(regexp_extract(email, '<\s*([^<>\s]+@[^<>\s]+)\s*>', 1), ''), trim(email)))
    else lower(trim(email)) end"""
_PHONE_FORM = "regexp_replace(regexp_replace(replace(phone, '(0)', ''), '[^0-9]', '', 'g'), '^00', '')"
"""As `models.identities` says it in Python; texts are composed (NFC) when they come here."""
KEY_FORMS = (_EMAIL_FORM, _PHONE_FORM)
"""A change of these gives other keys for the same texts: everything is rebuilt then."""


def workspace_key(path: Path, environment: Mapping[str, str]) -> bytes:
    """The key of keyed hashes: from the environment, else the workspace's own, made on first use with mode 0600."""
    given = environment.get(SECRET_VARIABLE)
    if given:
        return given.encode("utf-8")
    if not path.exists():
        _make_key(path)
    key = path.read_bytes()
    if not key:
        raise TouchlineError(
            f"{path} is empty: the key behind contact_key is lost",
            "Restore it from a backup. Without one, delete the file and run: touchline run --full-refresh; every"
            " contact_key changes then.",
        )
    return key


def _make_key(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, secrets.token_hex(32), mode=0o600)


def create_key_macros(connection: duckdb.DuckDBPyConnection, key: bytes) -> None:
    """`keyed_hash(text)` (HMAC-SHA256, RFC 2104, as hex) and `contact_key_of(email, phone)`, for this connection only.

    E-mail addresses are compared lower-case, trimmed and without a name around them, phones by their digits as dialled
    from abroad (`0044` is `+44`); each has a prefix of its own, so that an address never equals a phone.
    """
    import hashlib

    block = (hashlib.sha256(key).digest() if len(key) > _BLOCK else key).ljust(_BLOCK, b"\0")
    inner, outer = (bytes(byte ^ pad for byte in block).hex() for pad in (0x36, 0x5C))
    connection.execute(
        f"create or replace temp macro keyed_hash(message) as"
        f" sha256(unhex('{outer}') || unhex(sha256(unhex('{inner}') || encode(message))))"
    )
    connection.execute(
        "create or replace temp macro contact_key_of(email, phone) as case"
        f" when email is not null then keyed_hash('email:' || {_EMAIL_FORM})"
        f" when {_PHONE_FORM} <> '' then keyed_hash('phone:' || {_PHONE_FORM})"
        " end"
    )
    create_hiding_macros(connection)


def key_id(key: bytes) -> str:
    """What tells one key from another and says nothing about it."""
    return hmac.digest(key, b"key id", "sha256").hex()[:16]


def note_key(connection: duckdb.DuckDBPyConnection, key: bytes) -> None:
    """Writes which key made this generation's tokens, so that another one is recognised before a night."""
    connection.execute(f"create or replace table private.key_used as select '{key_id(key)}' as key_id")


def create_private_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Identities of contacts, cells that no mapping names, joined sides of mappings."""
    for statement in (
        "contact_identity (contact_id varchar, full_name varchar, email varchar, phone varchar, contact_key varchar)",
        "extra (source varchar, entity varchar, record_key varchar, extra varchar)",
        "joined_row (source varchar, entity varchar, load_number integer, place bigint, join_key varchar, cells varchar)",
    ):
        connection.execute(f"create table if not exists private.{statement}")


def keep_identities(connection: duckdb.DuckDBPyConnection) -> None:
    """Identities of the contacts whose winning version was staged tonight."""
    won = """
        from staging.rows_contacts as staged join core.latest_contacts as latest
            on staged.contact_id = latest.contact_id and staged._row_hash = latest._row_hash
        where staged._broken = 0 and staged._unmapped = 0
    """
    connection.execute(f"delete from private.contact_identity where contact_id in (select staged.contact_id {won})")
    connection.execute(
        f"""
        insert into private.contact_identity
        select staged.contact_id, any_value(full_name), any_value(email), any_value(phone), any_value(latest.contact_key)
        {won} group by staged.contact_id
        """
    )


def keep_extra(connection: duckdb.DuckDBPyConnection, entity: str, key: str) -> None:
    """Cells of columns that no mapping names, of the versions staged tonight that won; asked right after `settle`."""
    won = f"""
        from staging.rows_{entity} as staged
        where _extra is not null and not exists (
            select 1 from staging.lost as lost where lost._load_number = staged._load_number and lost._place = staged.rowid
        )
    """
    connection.execute(f"delete from private.extra where entity = '{entity}' and record_key in (select {key} {won})")
    connection.execute(f"insert into private.extra select source, '{entity}', {key}, _extra {won}")
