"""The erasure registry: keyed hashes of what named forgotten people, and the tokens that stand for it.

It holds no identity. Its key is its own and never rotated, so that a forgotten person who is delivered again is
recognised after any change of the workspace's secret key. What belongs here: the tables in operator.sqlite and the key.
"""

from __future__ import annotations

import hmac
import re
import secrets
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

from models.errors import TouchlineError
from models.identities import email_form, name_form, phone_form
from pipelines.night.operator import Order, opened, write_order
from pipelines.night.whole_file import write_whole

Subject = Literal["contact", "rep"]
PREFIX = "erased-"
_NO_TOKEN = ""
_SHORTEST_PHONE = 7
_HASH_DIGITS = 32
_TOKEN_DIGITS = 16
_SALESFORCE_ID = re.compile("[0-9A-Za-z]{15}(?:[0-9A-Z]{3})?")
_CHECK_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


@dataclass(frozen=True)
class Erasure:
    """A person who was forgotten. Contact rows of loads after `since_load` are new deliveries of them."""

    erasure_id: str
    subject: Subject
    since_load: int
    is_finished: bool


@dataclass(frozen=True)
class Identity:
    """What names a person in clear, never stored: ids as (source, id), addresses, numbers and names as written."""

    subject: Subject
    ids: frozenset[tuple[str, str]] = frozenset()
    emails: frozenset[str] = frozenset()
    phones: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()


@dataclass
class Registry:
    """`forms` is token by keyed hash, `owners` erasure by keyed hash; `sources` are those of registered ids."""

    key: bytes
    erasures: Mapping[str, Erasure] = field(default_factory=dict)
    forms: dict[str, str] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    sources: tuple[str, ...] = ()

    def token_of_id(self, subject: str, source: str, text: str) -> str | None:
        """The token of a forgotten id, None for any other."""
        return self.forms.get(self.hash_of(f"{subject}:{source}:{text}"))

    def token_of_email(self, text: str) -> str | None:
        """The token of a forgotten address, however it is spelled."""
        return self.forms.get(self.hash_of(f"email:{email_form(text)}"))

    def token_of_phone(self, text: str) -> str | None:
        """The token of a forgotten number, however it is written."""
        return self.forms.get(self.hash_of(f"phone:{phone_form(text)}"))

    def token_of_name(self, text: str) -> str | None:
        """The token of a forgotten name, its words in any order."""
        return self.forms.get(self.hash_of(f"name:{name_form(text)}"))

    def is_of_a_name(self, word: str) -> bool:
        """Whether a word is part of a forgotten name: which name, only all its words together tell."""
        return self.hash_of(f"word:{name_form(word)}") in self.forms

    def hash_of(self, text: str) -> str:
        """HMAC-SHA256 under the registry's key, cut to 128 bits."""
        return hmac.digest(self.key, text.encode("utf-8", "surrogatepass"), "sha256").hex()[:_HASH_DIGITS]

    def add(self, erasure_id: str, identity: Identity) -> dict[str, str]:
        """Registers what names the person; returns the new forms, which are still to be stored."""
        before = set(self.forms)
        tokens: dict[str, str] = {}
        for source, text in sorted(identity.ids):
            for spelled in _spellings(text):
                known = self.token_of_id(identity.subject, source, spelled)
                token = tokens.setdefault(_spellings(text)[0], known or _token_like(text))
                self._remember(erasure_id, f"{identity.subject}:{source}:{spelled}", token)
        for email in identity.emails:
            if "@" not in email:
                continue
            self._register(erasure_id, f"email:{email_form(email)}")
        for phone in identity.phones:
            if len(phone_form(phone)) < _SHORTEST_PHONE:
                continue
            self._register(erasure_id, f"phone:{phone_form(phone)}")
        for name in identity.names:
            if " " in name_form(name):  # one word alone is no name of one person
                self._register(erasure_id, f"name:{name_form(name)}")
                for word in name_form(name).split():
                    self._remember(erasure_id, f"word:{word}", _NO_TOKEN)
        self.sources = tuple(sorted({*self.sources, *(source for source, _ in identity.ids)}))
        return {hashed: token for hashed, token in self.forms.items() if hashed not in before}

    def _register(self, erasure_id: str, form: str) -> None:
        """Under a token that is the same however often a killed night finds the form again."""
        self._remember(erasure_id, form, PREFIX + self.hash_of(f"token:{form}")[:_TOKEN_DIGITS])

    def _remember(self, erasure_id: str, form: str, token: str) -> None:
        hashed = self.hash_of(form)
        self.forms.setdefault(hashed, token)
        self.owners.setdefault(hashed, erasure_id)

    def forgotten_since(self) -> dict[str, int]:
        """Token of each forgotten contact's ids and addresses → the last load before they were forgotten."""
        return {
            token: self.erasures[self.owners[hashed]].since_load
            for hashed, token in self.forms.items()
            if token != _NO_TOKEN and self.erasures[self.owners[hashed]].subject == "contact"
        }


def _spellings(text: str) -> tuple[str, ...]:
    """An id of Salesforce is written with 15 characters or with 18."""
    if _SALESFORCE_ID.fullmatch(text):
        return tuple(dict.fromkeys((_with_check_letters(text[:15]), text[:15], text)))
    return (text,)


def _token_like(text: str) -> str:
    """A random token that the source's mapping reads as it read the id: a number for a number, 18 characters for 18."""
    if text.isdigit() and text.isascii():
        return "9" + "".join(secrets.choice("0123456789") for _ in range(17))
    if _SALESFORCE_ID.fullmatch(text):
        return _with_check_letters(text[:3] + "".join(secrets.choice("0123456789abcdef") for _ in range(12)))
    return PREFIX + secrets.token_hex(8)


def _with_check_letters(short: str) -> str:
    """The 18 characters of an id of 15."""
    bits = (sum(1 << place for place in range(5) if short[start + place].isupper()) for start in (0, 5, 10))
    return short + "".join(_CHECK_LETTERS[number] for number in bits)


def registry_key(path: Path, *, may_make: bool) -> bytes:
    """The registry's own key, made on first use with mode 0600. Raises TouchlineError when it is lost."""
    if not path.exists() and may_make:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, secrets.token_hex(32), mode=0o600)
    key = path.read_bytes() if path.exists() else b""
    if not key:
        raise TouchlineError(
            f"{path} is missing or empty: forgotten people can no longer be recognised when they are delivered again",
            "Restore it from a backup: no other key will do.",
        )
    return key


def read_registry(store: Path, key_file: Path) -> Registry | None:
    """Everything that was ever forgotten; None when nobody was."""
    if not store.exists():
        return None
    with opened(store, writing=False) as connection:
        erasures = connection.execute(
            "select erasure_id, subject, since_load, finished_at is not null, sources from erasure order by place"
        ).fetchall()
        forms = connection.execute("select hash, token, erasure_id from erased_form").fetchall()
    if not erasures:
        return None
    return Registry(
        registry_key(key_file, may_make=False),
        {name: Erasure(name, subject, since, bool(finished)) for name, subject, since, finished, _ in erasures},
        {hashed: token for hashed, token, _ in forms},
        {hashed: name for hashed, _, name in forms},
        tuple(sorted({source for *_, sources in erasures for source in sources.split("\n") if source})),
    )


def order_erasure(store: Path, order: Order, erasure: Erasure, registry: Registry, forms: Mapping[str, str]) -> None:
    """Writes an order to forget, which names nobody, and whom it means in hashes, in one transaction."""
    with opened(store) as connection:
        write_order(connection, order)
        connection.execute(
            "insert into erasure (erasure_id, subject, since_load, sources) values (?, ?, ?, ?)",
            [erasure.erasure_id, erasure.subject, erasure.since_load, "\n".join(registry.sources)],
        )
        _store_forms(connection, erasure.erasure_id, forms)


def store_forms(store: Path, erasure_id: str, forms: Mapping[str, str]) -> None:
    """Writes forms that were found later, such as an earlier address of the same person."""
    with opened(store) as connection:
        _store_forms(connection, erasure_id, forms)


def _store_forms(connection: sqlite3.Connection, erasure_id: str, forms: Mapping[str, str]) -> None:
    connection.executemany(
        "insert or ignore into erased_form (hash, token, erasure_id) values (?, ?, ?)",
        [(hashed, token, erasure_id) for hashed, token in forms.items()],
    )


def mark_finished(store: Path, erasure_ids: Iterable[str], at: datetime) -> None:
    """Nothing that names these people is left in the workspace."""
    with opened(store) as connection:
        connection.executemany(
            "update erasure set finished_at = ? where erasure_id = ?", [(at.isoformat(), one) for one in erasure_ids]
        )
