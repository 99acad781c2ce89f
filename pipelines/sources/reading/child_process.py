"""The process in which risky files are read: `python -m pipelines.sources.reading.child_process`.

A job is a line of JSON on standard input; its answer is a line on the pipe that was standard output, and the rows'
account a file that the job names. Nothing but text crosses, so a reader that a file has broken cannot reach further than
its own process. What kills it (memory, processor time) is set before each job; child.py explains its death.
"""

from __future__ import annotations

import errno
import json
import os
import queue
import resource
import signal
import sys
import threading
import traceback
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from models.errors import UnreadableFileError, UsageError
from models.mapping import FileFormat, ReadOptions
from pipelines.sources.reading import split, unpacking
from pipelines.sources.reading.rows import ListedLines, TextRows

WORN_BYTES = 1 << 30
_PAGES = Path("/proc/self/statm")
_INHERITED = {
    which: resource.getrlimit(which)[0] for which in (resource.RLIMIT_CPU, resource.RLIMIT_FSIZE, resource.RLIMIT_AS)
}


def main() -> None:
    """Does jobs until standard input ends, which ends the process at once, whatever it is doing."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who asks decides, also when a person interrupts both
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    answers = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)
    jobs: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_take_jobs, args=(jobs,), daemon=True).start()
    while True:
        answers.write(json.dumps(_answer(json.loads(jobs.get()))) + "\n")
        answers.flush()


def _take_jobs(jobs: queue.SimpleQueue[str]) -> None:
    with os.fdopen(os.dup(0), encoding="ascii") as lines:
        for line in lines:
            jobs.put(line)
    os._exit(0)


def _answer(job: dict[str, Any]) -> dict[str, Any]:
    """What became of the job: `outcome` and what child.py needs to say it again on its side."""
    try:
        _limit(job["limits"])
        _do(job)
        return {"outcome": "done", "is_worn": _peak_bytes() > WORN_BYTES}
    except UnreadableFileError as error:
        return {"outcome": "refused", "rule": error.rule, "what": error.what, "remedy": error.remedy}
    except UsageError as error:
        return {"outcome": "usage", "what": error.what, "remedy": error.remedy}
    except MemoryError:
        return {"outcome": "no_memory"}
    except OSError as error:
        if error.errno == errno.EFBIG and _INHERITED[resource.RLIMIT_FSIZE] == resource.RLIM_INFINITY:
            return {"outcome": "too_much"}
        return {"outcome": "os_error", "errno": error.errno, "text": error.strerror, "path": error.filename}
    except BaseException as error:  # a panic of a parser written in another language is no Exception
        return {"outcome": "fault", "kind": type(error).__name__, "where": _where(error)}


def _limit(limits: dict[str, int]) -> None:
    """Memory beyond what the process has already, processor time from now, and the size of any one file."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _set_soft(resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime) + limits["cpu_seconds"])
    _set_soft(resource.RLIMIT_FSIZE, limits["output_bytes"])
    if _PAGES.exists():
        _set_soft(resource.RLIMIT_AS, int(_PAGES.read_text().split()[0]) * resource.getpagesize() + limits["memory"])


def _set_soft(which: int, most: int) -> None:
    """Never above what this process was started with."""
    inherited, hard = _INHERITED[which], resource.getrlimit(which)[1]
    resource.setrlimit(which, (most if inherited == resource.RLIM_INFINITY else min(most, inherited), hard))


def _do(job: dict[str, Any]) -> None:
    path, target = Path(job["path"]), Path(job["target"])
    if job["task"] == "unpack":
        unpacking.unpack(path, job["compression"], target)
        return
    if job["task"] == "sheets":
        target.write_text(json.dumps([asdict(sheet) for sheet in split.list_sheets(path)]), encoding="ascii")
        return
    options = ReadOptions.model_validate_json(job["options"])
    _write_account(split.split_file(path, FileFormat(job["format"]), options, Path(job["scratch"])), target)


def _write_account(rows: TextRows, target: Path) -> None:
    assert isinstance(rows.lines, ListedLines)
    np.save(target.with_suffix(".npy"), rows.lines.numbers, allow_pickle=False)
    account = {
        "relation": rows.relation,
        "columns": rows.columns,
        "rows": rows.rows,
        "ignored": rows.ignored,
        "rejects": [[reject.line_number, reject.rule, reject.message, reject.text] for reject in rows.rejects],
        "path_taken": rows.path_taken,
    }
    with target.open("w", encoding="ascii") as file:
        json.dump(account, file)


def _where(error: BaseException) -> str:
    """The place in the code and no message: that may quote a cell."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"


def _peak_bytes() -> int:
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


if __name__ == "__main__":
    main()
