"""A child process whose JSON-lines reader does to itself what the file's first line says."""

import errno
import os
import signal
import sys

from pipelines.sources.reading import child_process, split

split_as_ever = split.split_file


def split_file(path, file_format, options, scratch):
    deed = DEEDS.get(path.read_bytes().split(b"\n")[0].strip())
    if deed is not None:
        deed(path)
    return split_as_ever(path, file_format, options, scratch)


def crash(path):
    os.kill(os.getpid(), signal.SIGSEGV)


def sleep(path):
    signal.pause()


def spin(path):
    while True:
        pass


def eat(path):
    bytearray(1 << 40)


def abort(path):
    print("memory allocation of 999999 bytes failed", file=sys.stderr, flush=True)
    os.abort()


def fail(path):
    raise ValueError("ada@example.com is no number")


def write(path):
    path.with_suffix(".written").write_bytes(b"x" * (2 << 20))


def fill(path):
    raise OSError(errno.ENOSPC, "No space left on device", str(path))


def leak(path):
    path.with_suffix(".environment").write_text("\n".join(os.environ))


def crash_when_used(path):
    mark = path.with_suffix(".once")
    if not mark.exists():
        mark.touch()
        crash(path)


DEEDS = {f"# {deed.__name__}".encode(): deed for deed in (crash, sleep, spin, eat, abort, fail, write, fill, leak, crash_when_used)}  # fmt: skip

if __name__ == "__main__":
    split.split_file = split_file
    child_process.main()
