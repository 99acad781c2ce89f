"""Real servers of Spark Connect on 127.0.0.1, started and stopped by the tests that ask them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

_SAIL = """
import sys
from pysail.spark import SparkConnectServer
server = SparkConnectServer("127.0.0.1", 0)
server.start(background=True)
print(server.listening_address[1], flush=True)
sys.stdin.read()
"""


@dataclass(frozen=True)
class Server:
    """Where a server answers, its process, and how that dies at once."""

    address: str
    kill: Callable[[], None]
    process: int


@contextmanager
def sail_server(**environment: str) -> Iterator[Server]:
    """Sail in a process of its own, on a free port, with further variables in its environment."""
    with subprocess.Popen(
        [sys.executable, "-c", _SAIL],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, **environment},
    ) as server:
        assert server.stdout is not None
        try:
            yield Server(f"sc://127.0.0.1:{int(server.stdout.readline())}", server.kill, server.pid)
        finally:
            server.kill()
