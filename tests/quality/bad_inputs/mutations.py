"""Valid files as header and records, and small damages to them that know which records they touch.

A damage to a record never touches another, unless its line end is gone: then the next one is part of it. What is not
here: reading what comes out (`judged_files.py`).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

Cells = Mapping[str, str]
BYTES = b'",;\r\n\t\x00\x1b\xe9\xff\\{}[]:0aZ '


@dataclass(frozen=True)
class Line:
    """One record as it stands in the file; `of` is the place of the original it still is, None for one that was touched."""

    text: bytes
    of: int | None


@dataclass(frozen=True)
class Damaged:
    """A file under mutation. `touched_all` is set when the header, or all of the file, was touched."""

    header: bytes
    lines: tuple[Line, ...]
    what: tuple[str, ...] = ()
    touched_all: bool = False
    added: int = field(default=0)

    @property
    def content(self) -> bytes:
        return self.header + b"".join(line.text for line in self.lines)

    def untouched(self) -> list[int]:
        """Places of the originals that still stand in the file, each as often as it stands there."""
        return [line.of for line in self.lines if line.of is not None]

    def touched(self) -> int:
        """How many records may be anything now."""
        return sum(line.of is None for line in self.lines) + self.added


Mutation = Callable[[Damaged, random.Random], Damaged]


def _with_text(file: Damaged, place: int, text: bytes, what: str) -> Damaged:
    """The file with another text in place of a record. One without a line end takes the next record with it."""
    lines = list(file.lines)
    ends = text.endswith((b"\n", b"\r"))
    lines[place] = Line(text, None)
    if not ends and place + 1 < len(lines):
        lines[place + 1] = replace(lines[place + 1], of=None)
    more = sum(text.count(end) for end in (b"\n", b"\r"))
    return replace(file, lines=tuple(lines), what=(*file.what, what), added=file.added + more)


def _place(file: Damaged, chance: random.Random) -> int:
    return chance.randrange(len(file.lines))


def flip(file: Damaged, chance: random.Random) -> Damaged:
    """Another byte in place of one."""
    place = _place(file, chance)
    text = bytearray(file.lines[place].text)
    if not text:
        return file
    at = chance.randrange(len(text))
    text[at] = chance.choice(BYTES) if chance.random() < 0.7 else chance.randrange(256)
    return _with_text(file, place, bytes(text), f"flip {place}:{at}")


def drop(file: Damaged, chance: random.Random) -> Damaged:
    """A byte less."""
    place = _place(file, chance)
    text = file.lines[place].text
    at = chance.randrange(len(text)) if text else 0
    return _with_text(file, place, text[:at] + text[at + 1 :], f"drop {place}:{at}")


def insert(file: Damaged, chance: random.Random) -> Damaged:
    """Some bytes more."""
    place = _place(file, chance)
    text = file.lines[place].text
    at = chance.randrange(len(text)) if text else 0
    new = bytes(chance.choice(BYTES) for _ in range(chance.choice((1, 1, 1, 2, 5))))
    return _with_text(file, place, text[:at] + new + text[at:], f"insert {place}:{at} {new!r}")


def cut(file: Damaged, chance: random.Random) -> Damaged:
    """Nothing from some byte on."""
    place = _place(file, chance)
    kept = replace(file, lines=file.lines[: place + 1])
    text = kept.lines[place].text
    return _with_text(kept, place, text[: chance.randrange(len(text)) if text else 0], f"cut {place}")


def double(file: Damaged, chance: random.Random) -> Damaged:
    """A record twice."""
    place, other = _place(file, chance), _place(file, chance)
    if not file.lines[place].text.endswith(b"\n") or not _ended(file, other):
        return file
    lines = (*file.lines[:other], file.lines[place], *file.lines[other:])
    return replace(file, lines=lines, what=(*file.what, f"double {place} at {other}"))


def leave_out(file: Damaged, chance: random.Random) -> Damaged:
    """A record less."""
    place = _place(file, chance)
    if len(file.lines) < 2 or not file.lines[place].text.endswith(b"\n") or not _ended(file, place):
        return file
    return replace(file, lines=file.lines[:place] + file.lines[place + 1 :], what=(*file.what, f"leave out {place}"))


def shuffle(file: Damaged, chance: random.Random) -> Damaged:
    """The records in another order."""
    if not all(line.text.endswith(b"\n") for line in file.lines):
        return file
    lines = list(file.lines)
    chance.shuffle(lines)
    return replace(file, lines=tuple(lines), what=(*file.what, "shuffle"))


def blank_line(file: Damaged, chance: random.Random) -> Damaged:
    """A blank line between two records."""
    return _between(file, chance, b"\n", "blank line")


def header_again(file: Damaged, chance: random.Random) -> Damaged:
    """The header once more between two records."""
    return _between(file, chance, file.header, "header again") if file.header.endswith(b"\n") else file


def _between(file: Damaged, chance: random.Random, text: bytes, what: str) -> Damaged:
    place = _place(file, chance)
    if not _ended(file, place):
        return file
    lines = (*file.lines[:place], Line(text, None), *file.lines[place:])
    return replace(file, lines=lines, what=(*file.what, f"{what} {place}"))


def _ended(file: Damaged, place: int) -> bool:
    """Whether a record may begin here."""
    return place == 0 or file.lines[place - 1].text.endswith(b"\n")


def swap_cells(file: Damaged, chance: random.Random) -> Damaged:
    """Two neighbouring cells of a record the other way round."""
    place = _place(file, chance)
    text = file.lines[place].text
    delimiter = b";" if b";" in file.header else b","
    cells = text.rstrip(b"\n").split(delimiter)
    if len(cells) < 2:
        return file
    at = chance.randrange(len(cells) - 1)
    cells[at], cells[at + 1] = cells[at + 1], cells[at]
    return _with_text(file, place, delimiter.join(cells) + b"\n", f"swap {place}:{at}")


def other_line_ends(file: Damaged, chance: random.Random) -> Damaged:
    """Windows' line ends after every line; inside a quoted cell they stay what they are."""
    if any(b"\r" in line.text or not line.text.endswith(b"\n") for line in file.lines):
        return file
    lines = tuple(replace(line, text=line.text[:-1] + b"\r\n") for line in file.lines)
    header = file.header[:-1] + b"\r\n" if file.header.endswith(b"\n") else file.header
    return replace(file, header=header, lines=lines, what=(*file.what, "line ends"))


def other_encoding(file: Damaged, chance: random.Random) -> Damaged:
    """All of the file in another encoding."""
    encoding = chance.choice(("utf-16", "utf-16-le", "latin-1", "utf-8-sig", "cp037"))
    text = file.content.decode("utf-8", "replace").encode(encoding, "replace")
    lines = (Line(text, None),)
    return replace(file, header=b"", lines=lines, what=(*file.what, encoding), touched_all=True)


def damage_header(file: Damaged, chance: random.Random) -> Damaged:
    """A byte of the header."""
    if not file.header:
        return file
    at = chance.randrange(len(file.header))
    header = file.header[:at] + bytes([chance.choice(BYTES)]) + file.header[at + chance.randrange(2) :]
    return replace(file, header=header, what=(*file.what, f"header {at}"), touched_all=True)


MUTATIONS: tuple[Mutation, ...] = (
    flip, flip, flip, drop, drop, insert, insert, insert, cut, double, leave_out, shuffle, blank_line, header_again,
    swap_cells, other_line_ends, other_encoding, damage_header,
)  # fmt: skip


def damage(file: Damaged, chance: random.Random) -> Damaged:
    """One to three mutations, one after the other."""
    for _ in range(chance.choice((1, 1, 2, 3))):
        if file.lines:
            file = chance.choice(MUTATIONS)(file, chance)
    return file
