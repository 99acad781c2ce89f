"""Texts with everything in them that names a forgotten person replaced by its token.

What belongs here: a text, a cell of an id column, a record of cells. What does not: files and databases.
Every word that may be an address, a number or an id is hashed and looked up, so no identity is needed to find one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from pipelines.night.erasing.registry import Identity, Registry, Subject

Role = Literal["contact", "rep", "name", "email", "phone", "kept", "other"]
"""What a cell is: an id of a contact or a rep, a private field, one that core needs, or one that nothing reads."""
_Known = TypeVar("_Known", str, bool)
SUBJECTS = ("contact", "rep")
_LARGEST_CACHE = 200_000
_SHORTEST_TEXT, _LONGEST_CACHED = 5, 80
_LONGEST_NAME = 5
_PART = r"[^\s@,;<>\"()\[\]{}:|\\/=&?]+"
_EMAIL = re.compile(f"{_PART}@{_PART}")
_BETWEEN = "[ ().\\-/\u00a0\u2010-\u2015]{0,3}"
_PHONE = re.compile(rf"(?<![\w.])(?:\+[ (]{{0,2}}|\()?[0-9](?:{_BETWEEN}[0-9]){{6,}}(?![\w])")
_SEVEN_DIGITS = re.compile(r"(?:[0-9][^0-9]{0,3}){7}")
_NAMES_NOBODY = re.compile(r"[A-Za-z]{1,11}|[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9:.]{5,15}(?:Z|[+-][0-9:]{2,6})?)?")
"""A short word, and a day or an instant: most cells are one of these."""
_WORD = re.compile(r"(?<![\w@.-])[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?(?![\w@])")
_NAME_WORD = re.compile(r"[^\W_]+")
_PREFIXED = re.compile(r"(?<![\w])([a-z][a-z0-9_]{0,62}):([^\s,;|\"'\[\]{}]+)")
_FILE_NAME = re.compile(r"\.(csv|tsv|jsonl?|ndjson|parquet|xlsx|ics|mbox)(\.(gz|zst))?(\.[a-z]+)?$", re.IGNORECASE)
_PIECE = re.compile(r"[^\s_.()\[\]-]+")
_MOST_PIECES = 12
_ESCAPED = re.compile(r"(?:\\u[0-9a-fA-F]{4})+")
_ID_PART = re.compile(r"[^\s,;|\"'\[\]{}<>]+")


@dataclass(frozen=True)
class Cell:
    """A cell of a record, or a value of a JSON object."""

    text: str
    role: Role


@dataclass
class Redactor:
    """Redacts what one source wrote (`sources` has that one name), or what was made of all of them.

    `harvest` gathers what else names a person whose own record was met: an earlier address or name.
    """

    registry: Registry
    sources: Sequence[str]
    own: str = ""
    harvest: dict[str, Identity] = field(default_factory=dict)
    _texts: dict[str, str] = field(default_factory=dict)
    _words: dict[str, str] = field(default_factory=dict)
    _name_words: dict[str, bool] = field(default_factory=dict)

    def text(self, text: str) -> str:
        """Addresses, phone numbers and ids long enough to be nobody else's become tokens."""
        if len(text) < _SHORTEST_TEXT or _NAMES_NOBODY.fullmatch(text):
            return text
        known = self._texts.get(text)
        if known is None:
            known = self._redacted(text)
            if len(text) <= _LONGEST_CACHED:
                _remember(self._texts, text, known)
        return known

    def _redacted(self, text: str) -> str:
        found = text
        if "@" in found:
            found = _EMAIL.sub(lambda match: self._email(match[0]), found)
        if _SEVEN_DIGITS.search(found):
            found = _PHONE.sub(lambda match: self.registry.token_of_phone(match[0]) or match[0], found)
        return _WORD.sub(lambda match: self._word(match[0]), found)

    def file_name(self, name: str) -> str:
        """A file's name: ids, addresses and numbers between dashes, dots and spaces, and names."""
        return self.names(self._pieces(name))

    def _pieces(self, text: str) -> str:
        pieces = list(_PIECE.finditer(text))
        place, end, parts = 0, 0, []
        while place < len(pieces):
            last, token = self._longest(text, pieces[place : place + _MOST_PIECES])
            if token is not None:
                parts += [text[end : pieces[place].start()], token]
                end = pieces[place + last].end()
            place += last + 1
        return text if not parts else "".join((*parts, text[end:]))

    def _longest(self, text: str, pieces: list[re.Match[str]]) -> tuple[int, str | None]:
        """The longest run from the first piece on that names somebody: its last piece, and the token."""
        for last in range(len(pieces) - 1, -1, -1):
            span = text[pieces[0].start() : pieces[last].end()]
            token = self.registry.token_of_email(span) if "@" in span else None
            if token is None and _SEVEN_DIGITS.search(span):
                token = self.registry.token_of_phone(span)
            if token is None and _is_sure(span):
                token = self._id(span, SUBJECTS)
            if token is not None:
                return last, token
        return 0, None

    def ids(self, text: str, subject: str) -> str:
        """A cell of ids: each, however short, becomes its token; an address in it too."""
        key = f"{subject}\0{text}"
        known = self._texts.get(key)
        if known is None:
            whole = self._id(text.strip(), (subject,))
            parts = _ID_PART.sub(lambda match: self._id(match[0], (subject,)) or match[0], text)
            known = self.text(parts) if whole is None else whole
            _remember(self._texts, key, known)
        return known

    def prefixed_ids(self, text: str) -> str:
        """Ids as core writes them, `crm:C1`, wherever they stand."""
        if not any(f"{source}:" in text for source in self.registry.sources):
            return text
        return _PREFIXED.sub(self._prefixed, text)

    def names(self, text: str) -> str:
        """Names of forgotten people as whole words, in any order."""
        words = list(_NAME_WORD.finditer(text))
        are_known = [self._is_of_a_name(word[0]) for word in words]
        if not any(are_known):
            return text
        place, end, parts = 0, 0, []
        while place < len(words):
            length, token = self._name_at(text, words, are_known, place)
            if token is not None:
                parts += [text[end : words[place].start()], token]
                end = words[place + length - 1].end()
            place += length
        return text if not parts else "".join((*parts, text[end:]))

    def record(self, cells: Sequence[Cell], key: int | None) -> list[str]:
        """The cells of one record. Names go from texts that nothing reads, and from a whole record that mentions somebody
        forgotten; their own record (its `key` is the place of the id) keeps nothing but what core needs."""
        found = [self._cell(cell) for cell in cells]
        if all(cell.text == new for cell, new in zip(cells, found, strict=True)):
            return found
        token = self._own_token(cells, found, key)
        if token is not None:
            self._harvest(cells, key, token)
            return [self._of_own(cell, new) for cell, new in zip(cells, found, strict=True)]
        return [new if cell.role in SUBJECTS else self.names(new) for cell, new in zip(cells, found, strict=True)]

    def _own_token(self, cells: Sequence[Cell], found: Sequence[str], key: int | None) -> str | None:
        """By what a record is of somebody forgotten: its id, else its address, else, without one, its number."""
        if key is None or not self.own:
            return None
        if found[key] != cells[key].text:
            return found[key]
        emails = [
            (cell.text, new) for cell, new in zip(cells, found, strict=True) if cell.role == "email" and cell.text
        ]
        phones = [
            (cell.text, new) for cell, new in zip(cells, found, strict=True) if cell.role == "phone" and cell.text
        ]
        hit = next(((text, new) for text, new in emails or phones if text != new), None)
        if hit is None:
            return None
        return self.registry.token_of_email(hit[0]) if emails else self.registry.token_of_phone(hit[0])

    def _cell(self, cell: Cell) -> str:
        if cell.role in SUBJECTS:
            return self.ids(cell.text, cell.role)
        found = self.text(cell.text)
        return self.names(found) if cell.role == "other" and not self.own else found

    def _of_own(self, cell: Cell, new: str) -> str:
        if cell.role in ("kept", *SUBJECTS) or not cell.text:
            return new
        if self.own == "rep" and cell.role == "name":
            return self.registry.token_of_name(cell.text) or "erased"
        if self.own == "rep" and cell.role == "email":
            return new
        return ""

    def _harvest(self, cells: Sequence[Cell], key: int | None, token: str) -> None:
        """Notes what else the record says of the person: the id under which they come now, an earlier address or name.

        No number: it may be a company's, which others have too."""
        erasure = next(
            (self.registry.owners[one] for one, known in self.registry.forms.items() if known == token), None
        )
        if erasure is None or key is None:
            return
        texts = {
            role: frozenset(cell.text for cell in cells if cell.role == role and cell.text.strip())
            for role in ("name", "email")
        }
        subject: Subject = "rep" if self.own == "rep" else "contact"
        known = self.harvest.get(erasure, Identity(subject))
        self.harvest[erasure] = Identity(
            subject,
            known.ids | {(source, cells[key].text.strip()) for source in self.sources},
            known.emails | texts["email"],
            known.phones,
            known.names | texts["name"],
        )

    def _email(self, text: str) -> str:
        bare = text.strip(".'")
        token = self.registry.token_of_email(bare)
        if token is None:
            return self._pieces(text) if _FILE_NAME.search(bare) else text
        return text.replace(bare, token)

    def _prefixed(self, match: re.Match[str]) -> str:
        token = self._id(match[2], SUBJECTS, (match[1],))
        return match[0] if token is None else f"{match[1]}:{token}"

    def _word(self, word: str) -> str:
        known = self._words.get(word)
        if known is None:
            known = (self._id(word, SUBJECTS) if _is_sure(word) else None) or word
            if known == word and _FILE_NAME.search(word):
                known = self._pieces(word)
            _remember(self._words, word, known)
        return known

    def _id(self, text: str, subjects: Iterable[str], sources: Sequence[str] | None = None) -> str | None:
        tries = (
            self.registry.token_of_id(subject, source, text)
            for subject in subjects
            for source in (self.sources if sources is None else sources)
        )
        return next((token for token in tries if token is not None), None)

    def _name_at(
        self, text: str, words: list[re.Match[str]], are_known: list[bool], place: int
    ) -> tuple[int, str | None]:
        """The longest name that begins at this word: how many words, and its token; else one word and None."""
        known = next((length for length, is_known in enumerate(are_known[place:]) if not is_known), len(words) - place)
        for length in range(min(_LONGEST_NAME, known), 1, -1):
            token = self.registry.token_of_name(text[words[place].start() : words[place + length - 1].end()])
            if token is not None:
                return length, token
        return 1, None

    def _is_of_a_name(self, word: str) -> bool:
        known = self._name_words.get(word)
        if known is None:
            known = self.registry.is_of_a_name(word)
            _remember(self._name_words, word, known)
        return known


def _is_sure(word: str) -> bool:
    """Long enough to be nobody else's id."""
    return len(word) >= 12 or (len(word) >= 5 and any(letter.isdigit() for letter in word))


def readable(text: str) -> str:
    """A text in which JSON wrote letters as `\\u015f`, with these letters; it is the same JSON."""
    return _ESCAPED.sub(lambda match: _letters(match[0]), text) if "\\u" in text else text


def _letters(escaped: str) -> str:
    found = str(json.loads(f'"{escaped}"'))
    return found if found.isalpha() else escaped


def _remember(cache: dict[str, _Known], text: str, known: _Known) -> None:
    """Cells repeat, so most are looked up once; a file of texts that do not must not fill the memory."""
    if len(cache) >= _LARGEST_CACHE:
        cache.clear()
    cache[text] = known
