"""Risky files are read in a process of their own: XLSX, JSON, calendars, mailboxes, compressed and irregular files.

A file that eats the memory, never ends or makes a parser crash is refused and costs itself; the night goes on. One
process serves all files of this one, is started by the first that needs it and replaced when a file has broken it.
It knows no secrets: of the environment it is given only what Python needs.
"""

from __future__ import annotations

import atexit
import itertools
import json
import os
import select
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from models.errors import UnreadableFileError, UsageError
from models.mapping import FileFormat, ReadOptions
from pipelines.sources.reading.deaths import broken_reader, explain_death, out_of_memory, too_much_output, too_slow
from pipelines.sources.reading.rows import ListedLines, SheetSample, StructuralReject, TextRows

COMMAND = (sys.executable, "-m", "pipelines.sources.reading.child_process")
_NEEDED = ("PATH", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "HOME")
_GENTLE = {"MALLOC_ARENA_MAX": "2", "POLARS_MAX_THREADS": "4", "OPENBLAS_NUM_THREADS": "1"}
"""A thread reserves address space, which the memory limit counts."""
_ROOT = Path(__file__).parents[3]
_NUMBERS = itertools.count()


@dataclass(frozen=True)
class Limits:
    """What one file may cost: bytes of memory, processor and clock seconds, bytes written."""

    memory: int
    cpu_seconds: int
    wall_seconds: float
    output_bytes: int


def limits_for(size: int) -> Limits:
    """Half of the machine's memory, and time by the file's size: forty times what an ordinary file needs."""
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    seconds = 120 + size // 200_000
    return Limits(max(machine // 2, 1 << 30), seconds, 5.0 * seconds, 50 << 30)


def unpack_apart(path: Path, compression: str, target: Path) -> Path:
    """`unpack` in the child process."""
    job = {"task": "unpack", "path": str(path.absolute()), "compression": compression, "target": str(target.absolute())}
    worker().run(job, limits_for(path.stat().st_size))
    return target


def split_apart(path: Path, file_format: FileFormat, options: ReadOptions, scratch: Path) -> TextRows:
    """`split_file` in the child process. Raises UnreadableFileError, also too_large, too_slow and crashed."""
    account = scratch.absolute() / f"account_{os.getpid()}_{next(_NUMBERS)}.json"
    job = {
        "task": "split",
        "path": str(path.absolute()),
        "format": str(file_format),
        "options": options.model_dump_json(),
        "scratch": str(scratch.absolute()),
        "target": str(account),
    }
    worker().run(job, limits_for(path.stat().st_size))
    try:
        return _rows_of(account)
    finally:
        account.unlink()
        _lines_of(account).unlink()


def sheets_apart(path: Path, scratch: Path) -> list[SheetSample]:
    """`list_sheets` in the child process."""
    account = scratch.absolute() / f"sheets_{os.getpid()}_{next(_NUMBERS)}.json"
    worker().run(
        {"task": "sheets", "path": str(path.absolute()), "target": str(account)}, limits_for(path.stat().st_size)
    )
    try:
        return [SheetSample(**sheet) for sheet in json.loads(account.read_bytes())]
    finally:
        account.unlink()


def _rows_of(account: Path) -> TextRows:
    found = json.loads(account.read_bytes())
    return TextRows(
        found["relation"],
        tuple(found["columns"]),
        found["rows"],
        found["ignored"],
        tuple(StructuralReject(*reject) for reject in found["rejects"]),
        found["path_taken"],
        ListedLines(np.load(_lines_of(account), allow_pickle=False)),
    )


def _lines_of(account: Path) -> Path:
    return account.with_suffix(".npy")


class _DiedError(Exception):
    """The process ended before it answered."""

    def __init__(self, code: int, complaint: str) -> None:
        super().__init__(code)
        self.code = code
        self.complaint = complaint


class Worker:
    """One process at a time, started by the first job."""

    def __init__(self, command: Sequence[str] = COMMAND) -> None:
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        self._has_served = False
        self._lock = threading.Lock()

    def run(self, job: dict[str, str], limits: Limits) -> None:
        """Does one job. Raises what it raised there, and UnreadableFileError when the process did not survive it.

        A process that earlier files may have harmed gets no file refused: the job is done again by a fresh one.
        """
        line = json.dumps({**job, "limits": asdict(limits)}).encode() + b"\n"
        with self._lock:
            try:
                answer = self._ask(line, limits)
            except _DiedError as death:
                if not self._has_served:
                    raise explain_death(death.code, death.complaint) from None
                self._has_served = False
                try:
                    answer = self._ask(line, limits)
                except _DiedError as again:
                    raise explain_death(again.code, again.complaint) from None
            self._has_served = True
            if answer.get("is_worn") or answer["outcome"] in ("no_memory", "fault"):
                self.stop()
        _raise(answer, limits)

    def _ask(self, line: bytes, limits: Limits) -> dict[str, Any]:
        process = self._started()
        assert process.stdin is not None and process.stdout is not None
        try:
            with suppress(BrokenPipeError):  # then there is no answer either
                process.stdin.write(line)
                process.stdin.flush()
            if not select.select([process.stdout], [], [], limits.wall_seconds)[0]:
                self.stop()
                raise too_slow(limits.wall_seconds)
            answer = process.stdout.readline()
        except BaseException:
            self.stop()
            raise
        if not answer.endswith(b"\n"):
            code = process.wait()
            self.stop()
            raise _DiedError(code, self._complaint())
        found: dict[str, Any] = json.loads(answer)
        return found

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self.stop()
            self._complaints.truncate(0)
            self._complaints.seek(0)
            environment = {name: os.environ[name] for name in _NEEDED if name in os.environ} | _GENTLE
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._complaints,
                env=environment,
                cwd=_ROOT,
            )
            self._has_served = False
        return self._process

    def _complaint(self) -> str:
        self._complaints.seek(0)
        return self._complaints.read()[-10_000:].decode("utf-8", "replace")

    def stop(self) -> None:
        """Ends the process, if there is one; the next job starts another."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


def _raise(answer: dict[str, Any], limits: Limits) -> None:
    """What the job raised there, raised here."""
    outcome = answer["outcome"]
    if outcome == "refused":
        raise UnreadableFileError(answer["rule"], answer["what"], answer["remedy"])
    if outcome == "usage":
        raise UsageError(answer["what"], answer["remedy"])
    if outcome == "no_memory":
        raise out_of_memory(limits.memory)
    if outcome == "too_much":
        raise too_much_output(limits.output_bytes)
    if outcome == "os_error":
        raise OSError(answer["errno"], answer["text"], answer["path"])
    if outcome == "fault":
        raise broken_reader(answer["kind"], answer["where"])


_WORKERS: dict[int, Worker] = {}


def worker() -> Worker:
    """The worker of this process; a forked one must not use its parent's."""
    if os.getpid() not in _WORKERS:
        _WORKERS[os.getpid()] = Worker()
        atexit.register(stop_worker)
    return _WORKERS[os.getpid()]


def stop_worker() -> None:
    """Ends this process's worker."""
    found = _WORKERS.pop(os.getpid(), None)
    if found is not None:
        found.stop()
