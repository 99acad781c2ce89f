"""`touchline dev`: Dagster's web UI on a workspace, with the daemon that runs its schedules and sensors."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Annotated, NoReturn

import typer

from models.errors import TouchlineError, UsageError
from pipelines.commands.options import HomeOption, workspace_at
from pipelines.commands.pages import Page
from pipelines.night.workspace import Workspace

HOST = "127.0.0.1"
START_SECONDS = 180
STOP_SECONDS = 90
_LOOK_SECONDS = 0.2


def dev(
    port: Annotated[
        int, typer.Option("--port", min=1, max=65535, help="Where the UI listens, on this machine only.")
    ] = 3000,
    no_open: Annotated[bool, typer.Option("--no-open", help="Do not open a browser.")] = False,
    home: HomeOption = None,
) -> None:
    """Open Dagster's web UI on the workspace; its schedule and sensors run until Ctrl-C."""
    workspace = workspace_at(home)
    workspace.settings()
    _must_be_free(port)
    with _dagster(workspace, port) as services:
        _wait_until_it_answers(services, port)
        out, address = Page(), f"http://{HOST}:{port}"
        out.head(f"Dagster's UI: {address}")
        out.line("The schedule and the sensors of this workspace run until you press Ctrl-C.")
        if not no_open and sys.stdout.isatty():
            import webbrowser

            webbrowser.open(address)
        services.wait()
        raise TouchlineError(
            f"Dagster ended by itself (exit code {services.returncode})", "Its own lines above say why; start it again."
        )


def _must_be_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise UsageError(
                f"port {port} of {HOST} cannot be used: {error.strerror}",
                f"Stop what listens there, or name another: touchline dev --port {port + 1 if port < 65535 else 3000}",
            ) from None


@contextmanager
def _dagster(workspace: Workspace, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Webserver, daemon and code location, in a process group of their own, which ends with the block.

    Of its own, so that Ctrl-C reaches them once, from here, and in the order in which they want to stop.
    """
    from pipelines.new_workspace import write_dagster_settings

    write_dagster_settings(workspace)
    command = [sys.executable, "-W", "ignore", "-m", "dagster", "dev", "-w", "workspace.yaml"]
    command += ["--host", HOST, "--port", str(port)]
    environment = {**os.environ, "DAGSTER_HOME": str(workspace.dagster_home), "TOUCHLINE_HOME": str(workspace.home)}
    with _signals_as_interrupts():
        services = subprocess.Popen(command, cwd=workspace.dagster_home, env=environment, start_new_session=True)
        try:
            yield services
        except KeyboardInterrupt:
            pass
        finally:
            _stop(services)


@contextmanager
def _signals_as_interrupts() -> Iterator[None]:
    """A service manager's SIGTERM and a closed terminal's SIGHUP stop us as Ctrl-C does."""
    before = {number: signal.signal(number, _interrupt) for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _stop(services: subprocess.Popen[bytes]) -> None:
    """One interrupt to `dagster dev`, which stops the others; whatever is left in the group after that is killed."""
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    if services.poll() is None:
        services.send_signal(signal.SIGINT)
    with suppress(subprocess.TimeoutExpired):
        services.wait(STOP_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(services.pid, signal.SIGKILL)
    services.wait()


def _wait_until_it_answers(services: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while services.poll() is None and time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) == 0:
                return
        time.sleep(_LOOK_SECONDS)
    raise TouchlineError("Dagster did not start", "Its own lines above say why; touchline run needs none of it.")
