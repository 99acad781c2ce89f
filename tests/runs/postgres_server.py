"""A PostgreSQL server of a test's own on 127.0.0.1, from Debian's package; it refuses to run as root, so root asks another."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

INSTALLED = "/usr/lib/postgresql/*/bin/pg_ctl"


def server_programs():
    """The folder of initdb and pg_ctl; skips the test where there is none."""
    found = shutil.which("pg_ctl") or max(map(str, Path("/").glob(INSTALLED.lstrip("/"))), default=None)
    if found is None:
        pytest.skip("no PostgreSQL server here: install Debian's package postgresql")
    return Path(found).resolve().parent


def as_another():
    """What runs a program as the user `postgres`, where we are root."""
    if os.geteuid() != 0:
        return []
    try:
        user = pwd.getpwnam("postgres")
    except KeyError:
        pytest.skip("PostgreSQL does not run as root, and there is no user postgres")
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]


@contextmanager
def postgres():
    """A fresh server; its port. It ends with the block, and its folder too."""
    programs, prefix = server_programs(), as_another()
    with tempfile.TemporaryDirectory(prefix="postgres") as folder, socket.socket() as probe:
        if prefix:
            shutil.chown(folder, "postgres")
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        data = ["-D", f"{folder}/data"]
        told = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories= -c fsync=off"
        make = [*prefix, str(programs / "initdb"), *data, "-A", "trust", "-U", "touchline", "--no-sync"]
        control = [*prefix, str(programs / "pg_ctl"), *data, "-w"]
        log = Path(folder) / "log"
        subprocess.run(make, check=True, cwd=folder, stdout=subprocess.DEVNULL)
        subprocess.run(
            [*control, "-l", str(log), "-o", told, "start"], check=True, cwd=folder, stdout=subprocess.DEVNULL
        )
        try:
            yield port
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"], check=True, cwd=folder, stdout=subprocess.DEVNULL)
