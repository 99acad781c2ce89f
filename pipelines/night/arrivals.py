"""What lies in the inbox that no night has landed yet, and whether it rests: the question of the inbox sensor.

Nothing is read twice: a file that landed is known by the inbox index, one that waits by the watcher's own memory.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from models.settings import Settings
from pipelines.night.landing import InboxFile, find_files, identity_of, read_index
from pipelines.night.opening import open_regular
from pipelines.night.workspace import Workspace


@dataclass(frozen=True)
class Waiting:
    """A file that no night has landed: since when it has not changed, and its sha256 once it rests."""

    identity: tuple[int, int, int]
    since: float
    sha256: str = ""


@dataclass(frozen=True)
class Arrivals:
    """`waiting` by path, to be given back next time; `moving` are paths that changed too lately; `key` names the set.

    `key` is a hash of sources, entities and contents: the same files again, under whatever names, have the same one.
    """

    waiting: Mapping[str, Waiting]
    moving: tuple[str, ...]
    key: str

    def to_json(self) -> str:
        """What to remember until the next look."""
        return json.dumps({path: asdict(file) for path, file in self.waiting.items()})


def recall(text: str | None) -> dict[str, Waiting]:
    """The inverse of `to_json`; a memory that is lost or broken costs only another look."""
    try:
        remembered = json.loads(text or "{}")
        return {
            path: Waiting(tuple(file["identity"]), float(file["since"]), str(file["sha256"]))
            for path, file in remembered.items()
        }
    except (ValueError, TypeError, KeyError, AttributeError):
        return {}


def look_at_inbox(workspace: Workspace, settings: Settings, before: Mapping[str, Waiting], now: float) -> Arrivals:
    """What has arrived since the last night; `now` is in seconds since 1970, `before` is what the last look found.

    One file that still changes holds the others back: a delivery of several files is one night.
    """
    landed = read_index(workspace.inbox_index)
    files = [file for source in settings.sources for file in find_files(workspace.home, source, settings)]
    new = {file: waiting for file in files if (waiting := _seen(file, landed, before, now)) is not None}
    moving = tuple(str(file.path) for file, seen in new.items() if now - seen.since < settings.schedule.settle_seconds)
    if not moving:
        new = {file: _hashed(file, seen) for file, seen in new.items()}
    names = sorted(f"{file.source}/{file.entity}/{seen.sha256}" for file, seen in new.items())
    key = hashlib.sha256("\n".join(names).encode()).hexdigest()
    return Arrivals({str(file.path): seen for file, seen in new.items()}, moving, key)


def _seen(
    file: InboxFile, landed: Mapping[str, list[int | str]], before: Mapping[str, Waiting], now: float
) -> Waiting | None:
    """The file as it waits; None when a night has landed it, or it is gone."""
    try:
        identity = identity_of(file.path.stat())
    except OSError:
        return None
    if landed.get(str(file.path), [])[:3] == list(identity):
        return None
    known = before.get(str(file.path))
    return known if known is not None and known.identity == identity else Waiting(identity, now)


def _hashed(file: InboxFile, seen: Waiting) -> Waiting:
    """With its sha256; one that cannot be read is for the night to report."""
    if seen.sha256:
        return seen
    try:
        with open_regular(file.path, file.root) as opened:
            digest = hashlib.file_digest(opened, "sha256")
    except OSError as error:
        return replace(seen, sha256=f"unreadable: {error.strerror}")
    return replace(seen, sha256=digest.hexdigest())
