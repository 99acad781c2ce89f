"""Inbox files that name somebody forgotten: by their own name, or since their landed copy is no longer what its hash says."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Container
from pathlib import Path

from models.personal import masked_name
from pipelines.night.erasing.redactor import Redactor
from pipelines.night.landing import identity_of, read_index
from pipelines.night.whole_file import write_whole
from pipelines.night.workspace import Workspace


def remove_inbox_copies(workspace: Workspace, accepted: Container[str], redactor: Redactor) -> list[str]:
    """Deletes them, with their line in the index; what lies outside the workspace or cannot go is told instead.

    So is a deleted file whose content was never `accepted`: its other rows are nowhere yet.
    """
    index = read_index(workspace.inbox_index)
    left: list[str] = []
    lost: list[str] = []
    for name, (*identity, sha256) in list(index.items()):
        path = Path(name)
        names_them = redactor.file_name(path.name) != path.name
        if not _is_still(path, identity) or not (names_them or _was_redacted(workspace.landed / str(sha256))):
            continue
        shown = redactor.file_name(masked_name(path.name))
        if path.is_relative_to(workspace.home):
            try:
                path.unlink(missing_ok=True)
                del index[name]
                lost += [] if sha256 in accepted else [shown]
                continue
            except OSError:
                pass
        left.append(shown)
    never_read = (path for path in sorted(workspace.inbox.rglob("*")) if str(path) not in index)
    left += [name for path in never_read if (name := redactor.file_name(path.name)) != path.name]
    write_whole(workspace.inbox_index, json.dumps(index))
    left += _objects_left(workspace, redactor)
    return [
        *_told(left, "These files still name people who were forgotten, and only you can delete them"),
        *_told(lost, "These files were refused and named people who were forgotten; deliver them again without these"),
    ]


def _objects_left(workspace: Workspace, redactor: Redactor) -> list[str]:
    """Objects of inboxes in object stores that name them: a bucket is its owner's, nothing is deleted there."""
    return [
        redactor.file_name(masked_name(url))
        for url, (*_, sha256) in read_index(workspace.object_index).items()
        if redactor.file_name(url) != url or _was_redacted(workspace.landed / str(sha256))
    ]


def _told(names: list[str], what: str) -> list[str]:
    return [f"{what}: {', '.join(names)}."] if names else []


def _is_still(path: Path, identity: list[int | str]) -> bool:
    """Whether the file is the one that was landed: another may have taken its place since."""
    return path.is_file() and list(identity_of(path.stat())) == identity


def _was_redacted(landed: Path) -> bool:
    if not landed.is_file():
        return False
    with landed.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() != landed.name
