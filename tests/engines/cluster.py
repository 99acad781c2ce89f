"""Apache Spark as a standalone cluster on 127.0.0.1: a master, two workers, and a server of Spark Connect before them.

Every port is a free one that the process itself tells; a process ends with the block that started it, with what it started.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Queue

PATIENCE_SECONDS = 180
WORKERS = 2
_OPENED = ("java.lang", "java.lang.invoke", "java.lang.reflect", "java.io", "java.net", "java.nio", "java.util",
           "java.util.concurrent", "sun.nio.ch", "sun.security.action", "sun.util.calendar")  # fmt: skip
"""Packages of Java that Spark reaches into, as its own start scripts open them."""
_SMALL = {
    "spark.driver.host": "127.0.0.1",
    "spark.connect.grpc.binding.address": "127.0.0.1",
    "spark.connect.grpc.binding.port": "0",
    "spark.executor.memory": "768m",
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.catalogImplementation": "in-memory",
    "spark.ui.enabled": "false",
}


class Daemon:
    """A process of the cluster; its words are read until it has said that it is ready, and to their end."""

    def __init__(self, spark_home: Path, folder: Path, memory: str, arguments: Sequence[str]) -> None:
        opened = [f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in _OPENED]
        environment = {
            **os.environ,
            "SPARK_HOME": str(spark_home),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "SPARK_SCALA_VERSION": "2.13",
        }
        self.process = subprocess.Popen(
            ["java", f"-Xmx{memory}", *opened, "-cp", f"{spark_home}/jars/*", *arguments],
            cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )  # fmt: skip
        self._said: Queue[str | None] = Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._said.put(line)
        self._said.put(None)

    def says(self, pattern: str) -> str:
        """The group of the first line that matches; fails with all that was said when the process ends before."""
        heard = []
        while (line := self._said.get(timeout=PATIENCE_SECONDS)) is not None:
            heard.append(line)
            if found := re.search(pattern, line):
                return found.group(1)
        raise AssertionError(f"it ended without saying {pattern!r}:\n{''.join(heard)}")

    def kill(self) -> None:
        """Ends it at once, with the executors that it started."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@dataclass(frozen=True)
class Cluster:
    """Where the cluster answers, its workers, and every process that was started for it."""

    address: str
    workers: list[Daemon]
    processes: tuple[int, ...]


@contextmanager
def spark_cluster(spark_home: Path, folder: Path) -> Iterator[Cluster]:
    """A cluster whose executors have a core and 768 MB each."""
    with ExitStack() as stack:

        def start(memory: str, *arguments: str) -> Daemon:
            daemon = Daemon(spark_home, folder, memory, arguments)
            stack.callback(daemon.kill)
            return daemon

        ports = ("--host", "127.0.0.1", "--port", "0", "--webui-port", "0")
        master = start("512m", "org.apache.spark.deploy.master.Master", *ports)
        url = master.says(r"Starting Spark master at (spark://\S+)")
        small = ("--cores", "1", "--memory", "1g", "--work-dir", str(folder / "work"))
        workers = [start("512m", "org.apache.spark.deploy.worker.Worker", *ports, *small, url) for _ in range(WORKERS)]
        for worker in workers:
            worker.says(r"(Successfully registered with master)")
        settings = [part for key, value in _SMALL.items() for part in ("--conf", f"{key}={value}")]
        connect = start(
            "1g", "org.apache.spark.deploy.SparkSubmit", "--master", url, *settings,
            "--class", "org.apache.spark.sql.connect.service.SparkConnectServer", "spark-internal",
        )  # fmt: skip
        address = f"sc://{connect.says(r'Connect server started at: (127.0.0.1:[0-9]+)')}"
        yield Cluster(address, workers, tuple(one.process.pid for one in (master, *workers, connect)))
