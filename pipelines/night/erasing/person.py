"""Who a person is in the published generation: every id, address, number and name that stands for them.

Contacts with one contact_key, and those merged into one another, are one person; a rep is everything that
core.rep_identity leads to them. What is found is only ever held in memory.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import duckdb

from models.errors import UsageError
from models.identities import email_form, phone_form
from pipelines.night.erasing.registry import Identity
from pipelines.night.generation import Generation
from pipelines.sources.header_match import squashed
from sql.quoting import literal

_LIST = 'touchline query "select contact_id from core.dim_contact"'


@dataclass(frozen=True)
class _Contact:
    contact_id: str
    full_name: str | None
    email: str | None
    phone: str | None
    contact_key: str | None


def find_contact(published: Generation, contact_id: str | None, email: str | None) -> Identity:
    """The contact of this id (`C1` or `crm:C1`) or address. Raises UsageError for one nobody knows, or an unclear id."""
    with _opened(published) as connection:
        contacts = [_Contact(*row) for row in connection.execute("select * from private.contact_identity").fetchall()]
        merges = connection.execute(
            "select contact_id, merged_into_id from core.latest_contacts where merged_into_id is not null"
        ).fetchall()
        begun = _named(contacts, contact_id) if contact_id is not None else _written_to(contacts, str(email))
        beside = _beside(connection, str(email)) if email is not None else Identity("contact")
    if not begun and not beside.emails:
        shown = f"--contact {contact_id}" if contact_id is not None else f"--email {email}"
        raise UsageError(
            f"no contact is known by {shown}", f"Name the id as its source writes it, or as core does: {_LIST}"
        )
    return _identity(contacts, _closure(contacts, merges, begun), beside)


def find_rep(published: Generation, rep_id: str) -> Identity:
    """The rep of this id (`R1` or `crm:R1`), with the ids of other systems. Raises UsageError for one nobody knows."""
    with _opened(published) as connection:
        found = connection.execute(
            "select distinct rep_id from core.dim_rep where rep_id = $id or split_part(rep_id, ':', 2) = $id"
            " union select distinct rep_id from core.rep_identity where rep_id = $id or source_rep_id = $id",
            {"id": rep_id},
        ).fetchall()
        people = {known for (known,) in found if known is not None and known != "unknown"}
        if len(people) != 1:
            raise _unclear("rep", rep_id, people)
        (known,) = people
        told = connection.execute(
            "select distinct full_name, email from core.dim_rep where rep_id = ?", [known]
        ).fetchall()
        others = connection.execute(
            "select distinct source, source_rep_id from core.rep_identity where rep_id = ?", [known]
        ).fetchall()
    ids = {(source, text) for source, text in others if text} | {_split(known)}
    return Identity(
        "rep",
        frozenset(ids),
        frozenset(email for _, email in told if email),
        names=frozenset(name for name, _ in told if name),
    )


def _opened(published: Generation) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(f"attach {literal(str(published.crm))} as crm (read_only)")
    connection.execute(f"attach {literal(str(published.private))} as private (read_only)")
    connection.execute("use crm")
    return connection


def _split(known: str) -> tuple[str, str]:
    source, _, text = known.partition(":")
    return source, text


def _named(contacts: Iterable[_Contact], contact_id: str) -> set[str]:
    found = {one.contact_id for one in contacts if contact_id in (one.contact_id, _split(one.contact_id)[1])}
    if len(found) > 1:
        raise _unclear("contact", contact_id, found)
    return found


def _unclear(subject: str, text: str, found: set[str]) -> UsageError:
    if not found:
        return UsageError(
            f"no {subject} is known by --{subject} {text}",
            'See who is known: touchline query "select distinct rep_id from core.dim_rep"',
        )
    return UsageError(
        f"--{subject} {text} may be any of {', '.join(sorted(found))}", "Name one of these, with its source."
    )


def _written_to(contacts: Iterable[_Contact], email: str) -> set[str]:
    return {one.contact_id for one in contacts if one.email and email_form(one.email) == email_form(email)}


def _closure(contacts: list[_Contact], merges: list[tuple[str, str]], begun: set[str]) -> set[str]:
    """Everything that is the same person: by contact_key and by merges, in any number of steps."""
    known: set[str] = set()
    grown = begun
    while grown != known:
        known = grown
        keys = {one.contact_key for one in contacts if one.contact_id in known and one.contact_key}
        same = {one.contact_id for one in contacts if one.contact_key in keys}
        merged = {other for pair in merges if known & set(pair) for other in pair}
        grown = known | same | merged
    return known


def _identity(contacts: list[_Contact], ids: set[str], beside: Identity) -> Identity:
    """A phone number that other people's records name too is not theirs alone, and stays."""
    own = [one for one in contacts if one.contact_id in ids]
    shared = Counter(phone_form(one.phone) for one in contacts if one.phone and one.contact_id not in ids)
    phones = {one.phone for one in own if one.phone} | beside.phones
    return Identity(
        "contact",
        frozenset(_split(one) for one in ids),
        frozenset(one.email for one in own if one.email) | beside.emails,
        frozenset(phone for phone in phones if phone_form(phone) not in shared),
        frozenset(one.full_name for one in own if one.full_name) | beside.names,
    )


def _beside(connection: duckdb.DuckDBPyConnection, email: str) -> Identity:
    """What columns that nothing reads, and rejected rows, tell of an address: a lead's name and number, for example."""
    rows = connection.execute(
        "select extra from private.extra where contains(lower(extra), $form)"
        " union all select raw from private.quarantined_row where contains(lower(raw), $form)",
        {"form": email_form(email)},
    ).fetchall()
    emails, phones, names = (set[str](), set[str](), set[str]())
    for (text,) in rows:
        emails.add(email)
        cells = _cells(text)
        phones |= {cell for key, cell in cells.items() if "phone" in key}
        names |= {cell for key, cell in cells.items() if key in ("name", "fullname")}
        if {"firstname", "lastname"} <= cells.keys():
            names.add(f"{cells['firstname']} {cells['lastname']}")
    return Identity("contact", frozenset(), frozenset(emails), frozenset(phones), frozenset(names))


def _cells(text: str) -> dict[str, str]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    items = found.items() if isinstance(found, dict) else ()
    return {squashed(key): cell for key, cell in items if isinstance(cell, str) and cell.strip()}
