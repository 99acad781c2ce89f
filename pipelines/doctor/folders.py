"""The workspace's folders: permissions, private files, the lock, leftovers, Dagster's settings."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from models.errors import TouchlineError
from pipelines.commands.pages import ago
from pipelines.doctor.finding import Finding, Patient, fail, fine, warn
from pipelines.new_workspace import template
from pipelines.night.generation import current_generation
from pipelines.night.identity import SECRET_VARIABLE, key_id, workspace_key
from pipelines.night.leftovers import find_leftovers
from pipelines.night.lock import night_since
from pipelines.night.workspace import Workspace

_LONG = timedelta(hours=12)


def check_permissions(patient: Patient) -> Iterator[Finding]:
    """The inbox must be readable, everything below var writable."""
    workspace = patient.workspace
    written = (workspace.var, workspace.landed, workspace.generations, workspace.building, workspace.dagster_home)
    closed = [folder for folder in written if folder.exists() and not os.access(folder, os.W_OK | os.X_OK)]
    is_read_only = workspace.var.exists() and bool(os.statvfs(workspace.var).f_flag & os.ST_RDONLY)
    if is_read_only:
        yield fail(
            "permissions",
            f"the disk of {workspace.var} is mounted read-only: readers go on, nights cannot write",
            "See why in the system's log (a disk that fails is often mounted so), then: mount -o remount,rw",
        )
    elif closed:
        yield fail(
            "permissions",
            f"{', '.join(map(str, closed))} cannot be written by this user",
            "Run the nights (and the doctor) as the owner of the workspace, or give this user write permission.",
        )
    if not os.access(workspace.inbox, os.R_OK | os.X_OK):
        yield fail(
            "permissions",
            f"{workspace.inbox} is missing or cannot be read",
            f"Make it, and give read permission: mkdir -p {workspace.inbox}",
        )
    elif not (closed or is_read_only):
        yield fine("permissions", "the inbox can be read, var can be written")


def check_private_files(patient: Patient) -> Iterator[Finding]:
    """Identities and the key are for the owner alone."""
    workspace = patient.workspace
    private = [
        workspace.secret_key,
        workspace.erasure_key,
        workspace.operator_store,
        *workspace.var.glob("*/*/private.duckdb"),
        *workspace.landed.glob("*"),
    ]
    found = [path for path in private if path.is_file()]
    open_ones = [path for path in found if stat.S_IMODE(path.stat().st_mode) & 0o077]
    if open_ones:
        yield fail(
            "private files",
            f"others may read {_listed(open_ones)}, which hold the key or people's identities",
            f"chmod 600 {' '.join(map(str, open_ones[:3]))}{' …' if len(open_ones) > 3 else ''}",
        )
    else:
        yield fine("private files", f"{len(found):,} files, readable by their owner only")


def check_secret_key(patient: Patient) -> Iterator[Finding]:
    """Without the key that made them, contact keys of the next night match none of the last one's."""
    key, given = patient.workspace.secret_key, os.environ.get(SECRET_VARIABLE)
    if (given or key.is_file()) and _is_another_key(patient.workspace):
        yield warn(
            "secret key",
            "it is not the one behind what is published: the next night rebuilds everything, and no token stays the same",
            "If that is not meant, restore the key from a backup before a night runs.",
        )
    elif given:
        yield fine("secret key", f"from {SECRET_VARIABLE}")
    elif key.is_file() and key.stat().st_size:
        yield fine("secret key", f"{key.name}; keep a copy of it in a safe place")
    elif patient.workspace.published.is_symlink():
        yield fail(
            "secret key",
            f"{key} is missing or empty, and {SECRET_VARIABLE} is not set",
            f"Restore it from a backup, or set {SECRET_VARIABLE}; a new key changes every contact_key.",
        )
    else:
        yield fine("secret key", "none yet: the first night makes it")


def _is_another_key(workspace: Workspace) -> bool:
    """Whether the key differs from the published generation's; one of an earlier version does not say which it was."""
    try:
        published = current_generation(workspace)
        if published is None:
            return False
        with duckdb.connect(str(published.private), read_only=True) as connection:
            used = connection.execute("select key_id from private.key_used").fetchone()
        return used != (key_id(workspace_key(workspace.secret_key, os.environ)),)
    except (duckdb.Error, TouchlineError):
        return False  # other checks say what is wrong there


def check_lock(patient: Patient) -> Iterator[Finding]:
    """A lock goes with its process: one that is held is in use."""
    held = night_since(patient.workspace)
    if held is None:
        yield fine("lock", "no night is running")
        return
    process, since = held[0], patient.now - datetime.fromtimestamp(held[1], UTC)
    if since > _LONG:
        yield warn(
            "lock",
            f"process {process} has been running a night since {ago(since)}",
            f"See what it does (ps -p {process}); end it if it hangs: the next night makes up for it.",
        )
    else:
        yield fine("lock", f"a night is running: process {process}, begun {ago(since)}")


def check_leftovers(patient: Patient) -> Iterator[Finding]:
    """What a killed night left; while one is running it is that night's work."""
    if night_since(patient.workspace) is not None:
        return
    leftovers = find_leftovers(patient.workspace)
    if leftovers:
        what = "; ".join(f"{leftover.what}: {leftover.path}" for leftover in leftovers[:5])
        yield warn("leftovers", f"a night did not end and left {what}", "The next night removes them: touchline run")
    else:
        yield fine("leftovers", "none")


def check_dagster_settings(patient: Patient) -> Iterator[Finding]:
    """A company's own dagster.yaml is never overwritten, so it can fall behind the shipped one."""
    file = patient.workspace.dagster_home / "dagster.yaml"
    if not file.is_file():
        yield fine("dagster.yaml", "none yet: the next run writes it")
    elif file.read_text(encoding="utf-8") != template("dagster.yaml"):
        yield warn(
            "dagster.yaml",
            f"{file} is not the one that this version ships",
            "Keep it if the changes are yours; else delete it: the next run writes the shipped one.",
        )
    else:
        yield fine("dagster.yaml", "as shipped")


def _listed(paths: list[Path]) -> str:
    more = f" and {len(paths) - 3:,} more" if len(paths) > 3 else ""
    return ", ".join(map(str, paths[:3])) + more
