"""The pages of one object of one account on disk: an open window that a crash can be gone on with, and whole ones.

`<folder>/open.json` says how far the open window is, `<folder>/part` holds its newest pages; full parts lie in
`landed` under the hash of their bytes. `<folder>/window-<until>.json` lists the files of a window that landed whole. What
does not belong here: which windows to ask for, and the vendor.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path

from pipelines.sources.extraction.pages import ApiObject, Page, Resume, Window

PART_BYTES = 64 << 20


@dataclass(frozen=True)
class PageFile:
    """Landed pages: `var/landed/<sha256>`. `entity` is blank for pages, else the contract whose rows it holds."""

    sha256: str
    name: str
    size: int
    records: int
    entity: str = ""


@dataclass(frozen=True)
class Fetched:
    """A window that landed whole. `since` and `until` are ISO instants; `since` blank is the first load."""

    since: str
    until: str
    fetched_at: str
    files: tuple[PageFile, ...] = ()
    records: int = 0
    pages: int = 0

    @property
    def until_at(self) -> datetime:
        """The instant up to which everything landed."""
        return datetime.fromisoformat(self.until)


@dataclass(frozen=True)
class _Open:
    """An open window: everything up to `resume` is in `files` and the first `part_bytes` of the part."""

    since: str
    until: str
    resume: Resume | None = None
    is_done: bool = False
    part_bytes: int = 0
    part_records: int = 0
    records: int = 0
    pages: int = 0
    files: tuple[PageFile, ...] = ()


@dataclass
class Shelf:
    """One object's folder. Only the holder of the workspace's lock writes."""

    folder: Path
    landed: Path
    wanted: ApiObject
    part_bytes: int = PART_BYTES

    def windows(self) -> list[Fetched]:
        """Whole windows, oldest first."""
        found = [_fetched(path) for path in sorted(self.folder.glob("window-*.json"))]
        return sorted((one for one in found if one is not None), key=lambda one: one.until_at)

    def forget(self, window: Fetched) -> None:
        """The window's files are in the ledger: nobody needs the list any more."""
        self._path_of(window).unlink(missing_ok=True)

    def open_window(self) -> Window | None:
        """The window that was begun and not finished."""
        found = self._read()
        if found is None:
            return None
        return Window(datetime.fromisoformat(found.since) if found.since else None, datetime.fromisoformat(found.until))

    def drop_open(self) -> None:
        """Forgets how far the open window was: it is to be fetched anew. Sealed parts stay landed and harmless."""
        (self.folder / "open.json").unlink(missing_ok=True)
        (self.folder / "part").unlink(missing_ok=True)

    def take(
        self,
        window: Window,
        ask: Callable[[Resume | None], Iterable[Page]],
        told: Callable[[int, int | None], None] = lambda records, total: None,
    ) -> None:
        """Lands the window's pages. `ask(resume)` gives the pages; `told(records, total)` hears how far it is.

        Whatever ends it, what landed stays and the next call goes on behind it.
        """
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)  # clear pages of people
        state = self._read() or _Open(_iso(window.since), _iso(window.until))
        self._cut_part(state)
        if not state.is_done:
            for page in ask(state.resume):
                state = self._add(state, page)
                told(state.records, page.total)
                self._write(state)
            state = replace(state, is_done=True)
            self._write(state)

    def finish(self, now: datetime) -> Fetched:
        """Seals the open window, which must have been taken to its end."""
        state = self._read()
        assert state is not None and state.is_done
        state = self._seal(state)
        whole = Fetched(state.since, state.until, _iso(now), state.files, state.records, state.pages)
        _write_synced(self._path_of(whole), json.dumps(asdict(whole)))
        self.drop_open()
        return whole

    def read(self, file: PageFile) -> bytes:
        """The landed bytes of a file."""
        return (self._pages / file.sha256).read_bytes()

    def keep_only(
        self, window: Fetched, body: bytes | None, entity: str = "", name: str = "", records: int = 0
    ) -> Fetched:
        """Puts a file of canonical rows (or none) in the place of the pages of a list of ids, which are removed."""
        shutil.rmtree(self.folder / "listed", ignore_errors=True)
        files = () if body is None else (replace(self._keep(self.landed, body, name, records), entity=entity),)
        kept = replace(window, files=files)
        _write_synced(self._path_of(kept), json.dumps(asdict(kept)))
        return kept

    @property
    def _pages(self) -> Path:
        """Where pages go: lists of ids are compared and thrown away, so they are kept apart from what has landed."""
        return self.folder / "listed" if self.wanted.kind == "ids" else self.landed

    def _add(self, state: _Open, page: Page) -> _Open:
        state = replace(state, resume=page.resume, pages=state.pages + 1, records=state.records + page.records)
        if page.records == 0:
            return state
        if self.wanted.form == "csv":
            file = self._keep(self._pages, page.body, self._name(state), page.records)
            return replace(state, files=(*state.files, file))
        with (self.folder / "part").open("ab") as part:
            part.write(one_line(page.body) + b"\n")
            size = part.tell()
        state = replace(state, part_bytes=size, part_records=state.part_records + page.records)
        return self._seal(state) if size >= self.part_bytes else state

    def _seal(self, state: _Open) -> _Open:
        if not state.part_bytes:
            return state
        file = self._keep(self._pages, (self.folder / "part").read_bytes(), self._name(state), state.part_records)
        sealed = replace(state, files=(*state.files, file), part_bytes=0, part_records=0)
        self._write(sealed)
        (self.folder / "part").unlink(missing_ok=True)
        return sealed

    def _keep(self, folder: Path, body: bytes, name: str, records: int) -> PageFile:
        sha256 = hashlib.sha256(body).hexdigest()
        final = folder / sha256
        if not final.exists():
            folder.mkdir(parents=True, exist_ok=True)
            aside = folder / f".landing-{os.getpid()}"
            descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, stat.S_IRUSR | stat.S_IWUSR)
            with os.fdopen(descriptor, "wb") as file:
                file.write(body)
                file.flush()
                os.fsync(file.fileno())
            aside.replace(final)
        return PageFile(sha256, name, len(body), records)

    def _name(self, state: _Open) -> str:
        return f"{self.wanted.name} {state.until[:16]} part {len(state.files) + 1}.{self.wanted.form}"

    def _cut_part(self, state: _Open) -> None:
        """A page that was written and not noted is asked for again."""
        part = self.folder / "part"
        if part.exists():
            os.truncate(part, min(state.part_bytes, part.stat().st_size))

    def _read(self) -> _Open | None:
        try:
            found = json.loads((self.folder / "open.json").read_text(encoding="utf-8"))
            state = _Open(**{**found, "files": tuple(PageFile(**file) for file in found["files"])})
        except (OSError, ValueError, TypeError, KeyError):
            return None
        part = self.folder / "part"
        is_whole = not state.part_bytes or (part.exists() and part.stat().st_size >= state.part_bytes)
        return state if is_whole else None

    def _write(self, state: _Open) -> None:
        """Not synced: after a power cut the window may begin anew, after a kill it goes on."""
        aside = self.folder / "open.tmp"
        aside.write_text(json.dumps(asdict(state)), encoding="utf-8")
        aside.replace(self.folder / "open.json")

    def _path_of(self, window: Fetched) -> Path:
        return self.folder / f"window-{window.until.replace(':', '')}.json"


def waiting_files(folder: Path) -> set[str]:
    """The names of the files of all whole windows of a source that wait on its shelves."""
    windows = (_fetched(path) for path in folder.glob("*/window-*.json"))
    return {file.name for window in windows if window is not None for file in window.files}


def one_line(body: bytes) -> bytes:
    """A JSON text without line ends: inside texts there are none, between tokens they mean nothing."""
    if b"\n" in body or b"\r" in body:
        return body.replace(b"\r", b" ").replace(b"\n", b" ")
    return body


def _iso(instant: datetime | None) -> str:
    return "" if instant is None else instant.isoformat()


def _fetched(path: Path) -> Fetched | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return Fetched(**{**found, "files": tuple(PageFile(**file) for file in found["files"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _write_synced(path: Path, text: str) -> None:
    aside = path.with_suffix(".tmp")
    with aside.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)
