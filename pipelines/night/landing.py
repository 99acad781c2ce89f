"""Landing: every inbox file is hashed and copied once into `var/landed/<sha256>`; the inbox stays as it is.

What a landed file means (its entity, whether it is new) is decided by its source and the ledger, not by its name.
A file that changes while it is read, or was seen to change just before (uploads.py), is deferred to the next night.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Callable, Collection, Container, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from models.contracts import CONTRACTS
from models.personal import masked_name
from models.settings import Settings, Source
from pipelines.night.opening import is_regular, open_regular, root_of
from pipelines.night.whole_file import sync, write_whole
from pipelines.night.workspace import Workspace
from pipelines.sources.readings import crm_of, readers_of

EXTENSIONS = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet", ".xlsx", ".ics", ".mbox")
COMPRESSIONS = (".gz", ".zst")
HALF_DONE = (".part", ".partial", ".tmp", ".crdownload", ".download", ".filepart", ".incomplete", ".upload", ".lock")
"""Endings that programs take away when a file is whole."""
JOIN_PREFIX = "join:"
ASIDE = ".landing-"
_BLOCK = 1 << 19
"""What is read stays in the processor's cache until it is hashed and written: 8 MB took twice as long."""


@dataclass(frozen=True)
class InboxFile:
    """A file that a source is to read. `entity` is `join:<entity>:<name>` for the joined side of a mapping.

    `name` is the file's own with e-mail addresses masked: it is published in ops. `object` is the CRM's object that it
    holds, blank for other kinds of sources. Below `root`, the folder that the settings name, no link is followed.
    """

    source: str
    entity: str
    path: Path
    name: str
    root: Path
    object: str = ""


@dataclass(frozen=True)
class LandedFile:
    """An inbox file whose bytes lie in `var/landed/<sha256>`; `deferred` says why it could not be taken tonight."""

    source: str
    entity: str
    name: str
    sha256: str
    size: int
    deferred: str | None = None
    object: str = ""


def land_sources(
    workspace: Workspace,
    settings: Settings,
    progress: Callable[[int, int], None] = lambda done, total: None,
    moving: Collection[Path] = (),
    reduced: Container[tuple[str, str, str, str]] = (),
) -> list[LandedFile]:
    """Lands every file of every source, in the order of the settings, then of the file names; not those that are `moving`.

    Of what is `reduced` to its rows (source, entity, sha256, object) no copy is made again.
    Files whose content came in different nights are listed in that order: when a night takes them again after a
    rollback, the row landed later wins as it did before.
    """
    files = [file for source in settings.sources for file in find_files(workspace.home, source, settings)]
    index = read_index(workspace.inbox_index)
    workspace.landed.mkdir(mode=0o700, parents=True, exist_ok=True)
    landed = []
    for done, file in enumerate(files):
        progress(done, len(files))
        if file.path in moving:
            landed.append(deferred_file(file, "it is still being written"))
        else:
            landed.append(_land(file, workspace.landed, index, reduced))
    progress(len(files), len(files))
    sync(workspace.landed)
    _write_index(
        workspace.inbox_index, {str(file.path): index[str(file.path)] for file in files if str(file.path) in index}
    )
    return in_order_of_landing(workspace, landed)


def in_order_of_landing(workspace: Workspace, landed: Iterable[LandedFile]) -> list[LandedFile]:
    """Those whose content came first, first."""
    return sorted(landed, key=lambda file: _landed_at(workspace, file))


def _landed_at(workspace: Workspace, file: LandedFile) -> int:
    copy = workspace.landed / file.sha256
    return copy.stat().st_mtime_ns if file.deferred is None and copy.exists() else 0


def find_files(home: Path, source: Source, settings: Settings) -> list[InboxFile]:
    """The files a source would read, sorted by name.

    What a mapped source reads of an entity no other kind reads of it, too; of another entity both do: a roster tells a
    calendar's source who its organizers are.
    """
    if source.kind != "mapped":
        named = _named_by_mappings(home, settings)
        return [file for file in _of_folder(home, source) if file.entity not in named.get(file.path, ())]
    assert source.entity is not None
    found = list(_mapped_files(home, source, source.entity, source.path))
    for name, join in source.joins.items():
        found += _mapped_files(home, source, join_entity(source, name), join.path)
    return found


def _of_folder(home: Path, source: Source) -> Iterator[InboxFile]:
    """The files of a canonical or CRM's source by their names."""
    for path in ordinary_files(home / source.path) if source.path else ():
        yield from readings_of_name(home, source, path)


def readings_of_name(home: Path, source: Source, path: Path) -> Iterator[InboxFile]:
    """What a canonical or CRM's source reads a file of this name as; it need not be there."""
    if crm_of(source.kind) is not None:
        yield from _crm_files(home, source, path)
    elif (entity := entity_of(path.name)) is not None:
        yield InboxFile(source.name, entity, path, masked_name(path.name), path.parent)


def _named_by_mappings(home: Path, settings: Settings) -> dict[Path, set[str | None]]:
    """Which entities mapped sources read of which file."""
    named: dict[Path, set[str | None]] = {}
    for one in settings.sources:
        for path in _matching(home, one.path) if one.kind == "mapped" else ():
            named.setdefault(path, set()).add(one.entity)
    return named


def _mapped_files(home: Path, source: Source, entity: str, pattern: str) -> Iterator[InboxFile]:
    root = root_of(home, pattern)
    for path in _matching(home, pattern):
        if _is_whole_file(path, root):
            yield InboxFile(source.name, entity, path, masked_name(path.name), root)


def unfinished_files(home: Path, source: Source) -> list[InboxFile]:
    """Files that a source would read if their names did not say that they are still being uploaded."""
    if source.kind == "mapped":
        there = [path for ending in HALF_DONE for path in _matching(home, source.path + ending)]
        return [_unfinished(source, str(source.entity), path, root_of(home, source.path)) for path in there]
    folder = home / source.path
    there = sorted(folder.iterdir()) if source.path and folder.is_dir() else []
    found = ((path, _entity_once_whole(home, source, path)) for path in there if path.name.lower().endswith(HALF_DONE))
    return [_unfinished(source, entity, path, folder) for path, entity in found if entity is not None]


def _unfinished(source: Source, entity: str, path: Path, root: Path) -> InboxFile:
    return InboxFile(source.name, entity, path, masked_name(path.name), root)


def _entity_once_whole(home: Path, source: Source, path: Path) -> str | None:
    whole = path.with_suffix("")
    if crm_of(source.kind) is None:
        return entity_of(whole.name)
    return next((file.entity for file in _crm_files(home, source, whole)), None)


def join_entity(source: Source, name: str) -> str:
    """What the ledger calls the joined side of a mapping: `join:<entity>:<name>`, for a CRM's with the object behind."""
    return f"{JOIN_PREFIX}{source.entity}:{name}" + (f":{source.object}" if source.object else "")


def _crm_files(home: Path, source: Source, path: Path) -> Iterator[InboxFile]:
    """A file of a CRM's folder: for each object that reads it, else for the canonical entity of its name."""
    name = masked_name(path.name)
    readers = readers_of(source, home, path.name) if source.api is None and _is_of_a_format(path.name) else []
    for reading, join in readers:
        entity = join_entity(reading, join) if join else str(reading.entity)
        yield InboxFile(source.name, entity, path, name, path.parent, reading.object)
    if not readers and (canonical := entity_of(path.name)) is not None:
        yield InboxFile(source.name, canonical, path, name, path.parent)


def _is_of_a_format(name: str) -> bool:
    stem = name.lower()
    for compression in COMPRESSIONS:
        stem = stem.removesuffix(compression)
    return stem.endswith(EXTENSIONS)


def unread_files(home: Path, source: Source, settings: Settings) -> list[Path]:
    """Files in a source's folder that belong to no entity or object: told to the user, never silently skipped."""
    if source.kind == "mapped":
        return []
    read = {file.path for file in _of_folder(home, source)} | _named_by_mappings(home, settings).keys()
    return [path for path in ordinary_files(home / source.path) if path not in read] if source.path else []


def strange_files(home: Path, source: Source) -> list[Path]:
    """Links, pipes and devices where files are looked for: never opened, and told to the user."""
    root = root_of(home, source.path) if source.kind == "mapped" else home / source.path
    if source.kind == "mapped":
        there = list(_matching(home, source.path))
    else:
        there = sorted(root.iterdir()) if source.path and root.is_dir() else []
    return [path for path in there if not is_passed_over(path) and _is_strange(path, root)]


def _is_strange(path: Path, root: Path) -> bool:
    return path.is_symlink() or not (path.is_dir() or is_regular(path, root))


def entity_of(name: str) -> str | None:
    """The entity of a canonical file name: `<entity>*.<extension>[.gz|.zst]`; None when it is no such name."""
    stem = name.lower()
    for compression in COMPRESSIONS:
        stem = stem.removesuffix(compression)
    extension = next((known for known in EXTENSIONS if stem.endswith(known)), None)
    if extension is None:
        return None
    stem = stem.removesuffix(extension)
    families = [entity for entity in CONTRACTS if stem.startswith(entity) and not stem[len(entity) :][:1].isalpha()]
    return max(families, key=len, default=None)


def ordinary_files(folder: Path) -> Iterator[Path]:
    """The whole, visible files right in a folder, sorted by name."""
    if folder.is_dir():
        yield from (path for path in sorted(folder.iterdir()) if _is_whole_file(path, folder))


def _matching(home: Path, pattern: str) -> Iterator[Path]:
    """What a glob below the workspace, or an absolute one, finds."""
    root = Path(pattern).anchor or home
    relative = Path(pattern).relative_to(root).as_posix() if Path(pattern).is_absolute() else pattern
    yield from sorted(Path(root).glob(relative))


def _is_whole_file(path: Path, root: Path) -> bool:
    """Regular files only, and no hidden or half-uploaded ones."""
    return not is_passed_over(path) and is_regular(path, root)


def is_passed_over(path: Path) -> bool:
    """Hidden files, and those whose name says that they are not whole."""
    return path.name.startswith((".", "~$")) or path.name.lower().endswith(HALF_DONE)


def _land(
    file: InboxFile, landed: Path, index: dict[str, list[int | str]], reduced: Container[tuple[str, str, str, str]]
) -> LandedFile:
    """Only a fault in reading defers the file; one in writing (a full disk) ends the night."""
    try:
        opened = open_regular(file.path, file.root)
    except OSError as error:
        return deferred_file(file, f"it cannot be read ({error.strerror})")
    with opened:
        before = os.fstat(opened.fileno())
        known = index.get(str(file.path))
        if known is not None and known[:3] == list(identity_of(before)):
            sha256 = str(known[3])
            if (landed / sha256).is_file() or (file.source, file.entity, sha256, file.object) in reduced:
                return _landed(file, sha256, before.st_size)
        try:
            sha256, aside = _copy_and_hash(opened, landed)
        except _CannotReadError as error:
            return deferred_file(file, f"it cannot be read ({error})")
        if identity_of(os.fstat(opened.fileno())) != identity_of(before):
            aside.unlink()
            return deferred_file(file, "it changed while it was read")
    if (file.source, file.entity, sha256, file.object) in reduced:
        aside.unlink()
    else:
        keep_landed(aside, landed / sha256)
    index[str(file.path)] = [*identity_of(before), sha256]
    return _landed(file, sha256, before.st_size)


def _landed(file: InboxFile, sha256: str, size: int) -> LandedFile:
    return LandedFile(file.source, file.entity, file.name, sha256, size, object=file.object)


def deferred_file(file: InboxFile, why: str) -> LandedFile:
    """A file that is left to the next night, and why."""
    return LandedFile(file.source, file.entity, file.name, "", 0, deferred=why, object=file.object)


class _CannotReadError(Exception):
    """The inbox file opened, and then gave an error."""


def _blocks(opened: BinaryIO) -> Iterator[bytes]:
    try:
        while block := opened.read(_BLOCK):
            yield block
    except OSError as error:
        raise _CannotReadError(error.strerror) from error


def _copy_and_hash(opened: BinaryIO, landed: Path) -> tuple[str, Path]:
    aside = landed / f"{ASIDE}{os.getpid()}"
    digest = hashlib.sha256()
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as copy, ThreadPoolExecutor(1) as beside:
            for block in _blocks(opened):
                hashing = beside.submit(digest.update, block)
                copy.write(block)
                hashing.result()
            copy.flush()
            os.fsync(copy.fileno())
    except BaseException:
        aside.unlink()
        raise
    return digest.hexdigest(), aside


def keep_landed(aside: Path, final: Path) -> None:
    """Gives a copy that is whole its name; one that is there already stays, for it may be redacted."""
    if final.exists():
        aside.unlink()
        return
    aside.chmod(stat.S_IRUSR | stat.S_IWUSR)
    aside.replace(final)


def identity_of(status: os.stat_result) -> tuple[int, int, int]:
    """By what an unchanged file is recognised: inode, size, mtime in nanoseconds."""
    return status.st_ino, status.st_size, status.st_mtime_ns


def read_index(path: Path) -> dict[str, list[int | str]]:
    """`[inode, size, mtime, sha256]` by path; a lost or broken index costs only hashing again."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _write_index(path: Path, index: dict[str, list[int | str]]) -> None:
    write_whole(path, json.dumps(index))
