"""Versions of a set of files in a place, and the pointer that names the one to read: one small object, written last.

A version is a prefix of its own, named by its content: nothing that a reader may be in is ever written over, an upload
that was cut short is completed, and one that is there already costs a listing. Old ones go after the pointer moved.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from pipelines.storage.faults import PlaceError
from pipelines.storage.place import Place, Seen

LAYOUT = 1
"""Of pointers; a reader of another one says so instead of guessing."""
_DIGEST = 12


@dataclass(frozen=True)
class PointedFile:
    """A file of a version: its key below the place, its bytes, and their hash."""

    key: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Pointer:
    """What a pointer object says. `previous` is the version that readers had before, which is kept for them."""

    about: Mapping[str, Any]
    prefix: str
    previous: str | None
    files: tuple[PointedFile, ...]

    def to_bytes(self) -> bytes:
        """As JSON; `about` stands at the top."""
        content = {
            "layout": LAYOUT, **self.about, "prefix": self.prefix, "previous": self.previous,
            "files": [asdict(file) for file in self.files],
        }  # fmt: skip
        return (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode()

    @classmethod
    def from_bytes(cls, content: bytes, url: str) -> Self:
        """The inverse; PlaceError when it is no pointer, or one of a later format."""
        try:
            read = json.loads(content)
            files = tuple(PointedFile(str(one["key"]), int(one["size"]), str(one["sha256"])) for one in read["files"])
            known = {"layout", "prefix", "previous", "files"}
            about = {key: value for key, value in read.items() if key not in known}
            pointer = cls(about, str(read["prefix"]), read.get("previous"), files)
            is_sound = read["layout"] == LAYOUT and all(_is_below(file.key, pointer.prefix) for file in files)
        except (ValueError, KeyError, TypeError, AttributeError):
            is_sound = False
        if not is_sound:
            raise PlaceError(
                f"{url} is no pointer that this version of Touchline understands",
                "See that the place is one that Touchline publishes to, and that both sides run the same version.",
            )
        return pointer


def _is_below(key: str, prefix: str) -> bool:
    """A key with `..` in it would be written outside of a reader's folder."""
    return key.startswith(prefix) and len(key) > len(prefix) and not {"..", "", "."} & set(key.split("/"))


def read_pointer(place: Place, name: str) -> tuple[Pointer, Seen] | None:
    """The pointer and the version it had; None before the first."""
    seen = place.see(name)
    return None if seen is None else (Pointer.from_bytes(seen.content, f"{place.url}/{name}"), seen)


def write_version(
    place: Place,
    name: str,
    label: str,
    files: Mapping[str, Path],
    about: Mapping[str, Any],
    step: Callable[[str], None] = lambda name: None,
) -> Pointer:
    """Puts the files (by their path in the version) below `label`-<digest>/, and moves the pointer `name` to them.

    `step` hears "upload" before the first byte and "move the pointer" when all files are there. Raises PlaceError; the
    pointer then names what it named before, whole.
    """
    found = read_pointer(place, name)
    step("upload")
    parts = {path: PointedFile(path, local.stat().st_size, _sha256(local)) for path, local in sorted(files.items())}
    prefix = f"{label}-{_digest_of(parts.values())}/"
    pointed = tuple(PointedFile(prefix + part.key, part.size, part.sha256) for part in parts.values())
    there = {one.key: one.size for one in place.list(prefix.rstrip("/"))}
    for path, file in zip(parts, pointed, strict=True):
        if there.get(file.key) != file.size:
            place.upload(file.key, files[path])
    step("move the pointer")
    before = found[0] if found else None
    previous = before.previous if before and before.prefix == prefix else before.prefix if before else None
    pointer = Pointer(dict(about), prefix, previous, pointed)
    if before != pointer:
        place.put_if_unchanged(name, pointer.to_bytes(), found[1] if found else None)
    return pointer


def drop_old_versions(place: Place, pointer: Pointer, keep: int, is_forbidden: Callable[[str], bool]) -> None:
    """Removes versions beside `pointer`'s beyond the newest `keep`; never its own, nor the one before it.

    What `is_forbidden` (asked with a version's prefix) goes however new it is: it names people who were forgotten.
    Only prefixes that `write_version` could have made are looked at.
    """
    folder = pointer.prefix.rsplit("/", 2)[0] if pointer.prefix.count("/") > 1 else ""
    made = re.compile(rf"{re.escape(folder + '/' if folder else '')}[0-9]+-[0-9a-f]{{{_DIGEST}}}/")
    keys: dict[str, list[str]] = {}
    for one in place.list(folder):
        if match := made.match(one.key):
            keys.setdefault(match.group(), []).append(one.key)
    stay = {pointer.prefix, *([pointer.previous] if pointer.previous else [])}
    others = sorted(keys.keys() - stay, reverse=True)
    room = max(0, keep - len(stay & keys.keys()))
    unwanted = [prefix for prefix in keys if prefix != pointer.prefix and is_forbidden(prefix)]
    for prefix in {*others[room:], *unwanted}:
        place.delete(keys[prefix])


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _digest_of(parts: Any) -> str:
    lines = "".join(f"{part.key}\0{part.size}\0{part.sha256}\n" for part in parts)
    return hashlib.sha256(lines.encode()).hexdigest()[:_DIGEST]
