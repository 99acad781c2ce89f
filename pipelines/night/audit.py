"""The audit of a build before it is published: Great Expectations in a process of its own, over the closed files.

The process imports for some seconds; it is started when the night begins to build and asked when the build is closed.
It dies with the night: its standard input ends with this process, whatever ended it.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import IO

import duckdb

from data_quality.contract_suites import contract_suites
from data_quality.expected import Assignment, Suite
from data_quality.judgement import fewest_rows, has_history, judgement_suites
from models.errors import TouchlineError
from models.settings import Settings
from pipelines.night.generation import Generation
from sql.catalog import Catalogue
from sql.checks import CheckResult


def expectations_of(
    connection: duckdb.DuckDBPyConnection, settings: Settings, catalogue: Catalogue
) -> tuple[Suite, ...]:
    """Every suite of tonight: the contracts of what people read, and what the last good night leads to expect."""
    specs = list(catalogue.specs().values())
    if not has_history(connection):
        return tuple(contract_suites(specs, {}))
    fewest = fewest_rows(connection, settings.quality, specs)
    return (*contract_suites(specs, fewest), *judgement_suites(connection, settings, specs))


@dataclass(frozen=True)
class Auditor:
    """The process that waits to judge a build."""

    process: subprocess.Popen[bytes]
    complaints: IO[bytes]
    settings: Settings

    def ask(self, build: Generation, suites: tuple[Suite, ...], about: str) -> None:
        """Hands the build over, whose databases must be closed; `about` says on the pages which night this is."""
        engine = self.settings.engine
        assignment = Assignment(
            build.crm, build.folder / "data_docs", suites, engine.memory_limit, engine.threads, about
        )
        assert self.process.stdin is not None
        with suppress(BrokenPipeError):  # whoever waits for the answers is told
            pickle.dump(assignment, self.process.stdin)
            self.process.stdin.flush()

    def answers(self) -> list[CheckResult]:
        """A result for every expectation; the Data Docs are in the build. Raises TouchlineError when there is none."""
        assert self.process.stdout is not None
        try:
            results: list[CheckResult] = pickle.load(self.process.stdout)
        except EOFError:
            raise TouchlineError(
                f"Great Expectations could not judge the build: {self._complaint()}",
                "Run the night again; if it happens again, publish without its judgement by"
                " TOUCHLINE__QUALITY__EXPECTATIONS=false touchline run, and report it.",
            ) from None
        return results

    def _complaint(self) -> str:
        self.process.wait()
        self.complaints.seek(0)
        lines = self.complaints.read().decode("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else f"it ended with {self.process.returncode}"


_waiting: list[Auditor] = []


@contextmanager
def auditor(settings: Settings) -> Iterator[Auditor | None]:
    """A waiting process; None when the settings want no expectations. It is gone when the night is over.

    One that `auditor_ahead` started is taken, once.
    """
    if not settings.quality.expectations:
        yield None
    elif _waiting:
        yield replace(_waiting.pop(), settings=settings)
    else:
        with _started(settings) as started:
            yield started


@contextmanager
def auditor_ahead(settings: Settings) -> Iterator[None]:
    """Within the block a process imports Great Expectations for the night that is about to begin, if it wants one."""
    if not settings.quality.expectations:
        yield
        return
    with _started(settings) as started:
        _waiting.append(started)
        try:
            yield
        finally:
            _waiting.clear()


@contextmanager
def _started(settings: Settings) -> Iterator[Auditor]:
    with tempfile.TemporaryFile() as complaints:
        process = subprocess.Popen(
            [sys.executable, "-m", "data_quality.suites"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
        )
        try:
            yield Auditor(process, complaints, settings)
        finally:
            process.kill()
            process.communicate()
