"""Making a workspace: settings with every key explained, an inbox, and a DAGSTER_HOME."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from models.errors import UsageError
from pipelines.night.workspace import Workspace


def template(name: str) -> str:
    """The text of a file in pipelines/templates."""
    return (files("pipelines") / "templates" / name).read_text(encoding="utf-8")


def make_workspace(home: Path, settings_text: str | None = None) -> Workspace:
    """A new workspace with these settings (default: the commented template); UsageError when one is there already."""
    workspace = Workspace(home)
    if workspace.exists():
        raise UsageError(
            f"{workspace.settings_file} exists already; nothing was changed",
            "Edit it, or name another folder: touchline init DIR",
        )
    try:
        for folder, mode in (
            (workspace.inbox / "crm", 0o777),
            (workspace.landed, 0o700),
            (workspace.generations, 0o755),
            (workspace.dagster_home, 0o700),
        ):
            folder.mkdir(mode=mode, parents=True, exist_ok=True)
        write_dagster_settings(workspace)
        workspace.settings_file.write_text(settings_text or template("touchline.yaml"), encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"The workspace {home} cannot be made: {error.strerror} ({error.filename})", "Name another folder."
        ) from error
    return workspace


def write_dagster_settings(workspace: Workspace) -> None:
    """DAGSTER_HOME with our dagster.yaml and workspace.yaml, unless the company has written its own there."""
    workspace.dagster_home.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in ("dagster.yaml", "workspace.yaml"):
        file = workspace.dagster_home / name
        if not file.exists():
            file.write_text(template(name), encoding="utf-8")
