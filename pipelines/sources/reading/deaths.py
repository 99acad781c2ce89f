"""What a reader's process died of, as the reason for which its file is refused."""

from __future__ import annotations

import signal

from models.errors import UnreadableFileError

_AGAIN = "touchline quarantine replay has it judged again"
_NO_MEMORY = ("memory allocation of", "out of memory", "cannot allocate memory", "bad_alloc", "memoryerror")


def out_of_memory(allowed: int) -> UnreadableFileError:
    """Reading it took more memory than one file may take."""
    return UnreadableFileError(
        "too_large",
        f"reading the file takes more than {_shown(allowed)} of memory",
        f"deliver it in parts, or as CSV, which is read piece by piece; on a larger machine {_AGAIN}",
    )


def too_much_output(allowed: int) -> UnreadableFileError:
    """It holds more than one file may hold."""
    return UnreadableFileError(
        "too_large", f"the file holds more than {_shown(allowed)} once it is unpacked", "deliver it in parts"
    )


def too_slow(seconds: float) -> UnreadableFileError:
    """It did not come to an end."""
    return UnreadableFileError(
        "too_slow",
        f"the file was still being read after {seconds:,.0f} seconds",
        f"deliver it in parts or as CSV; if the machine was busy, {_AGAIN}",
    )


def broken_reader(kind: str, where: str) -> UnreadableFileError:
    """A fault of ours, which the file brought to light."""
    return UnreadableFileError("crashed", f"the reader failed on the file ({kind} in {where})", _report())


def explain_death(code: int, complaint: str) -> UnreadableFileError:
    """`code` as subprocess tells it: negative is the signal. `complaint` is what the process wrote to stderr."""
    if code == -signal.SIGXCPU:
        return UnreadableFileError(
            "too_slow",
            "the file took more processor time than a file of its size may",
            f"deliver it in parts or as CSV; {_AGAIN}",
        )
    if any(sign in complaint.lower() for sign in _NO_MEMORY):
        return UnreadableFileError(
            "too_large",
            "reading the file takes more memory than one file may take",
            f"deliver it in parts, or as CSV, which is read piece by piece; on a larger machine {_AGAIN}",
        )
    if code == -signal.SIGKILL:
        return UnreadableFileError(
            "crashed",
            "the process that read the file was killed, as systems do that run out of memory",
            f"deliver it in parts; if something else took the memory, {_AGAIN}",
        )
    how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
    return UnreadableFileError("crashed", f"the file made its reader crash ({how})", _report())


def _report() -> str:
    return f"open and save it again, or export it as CSV, and report the file; with a newer version {_AGAIN}"


def _shown(size: int) -> str:
    return f"{size / 1024**3:,.1f} GB" if size >= 1024**3 else f"{size / 1024**2:,.0f} MB"
