"""The workspace folder: where everything of one company lies (contract.md, section 2). Making one is here too."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from models.errors import TouchlineError, UsageError

if TYPE_CHECKING:
    from models.settings import Settings
    from pipelines.night.outcome import NightOutcome


@dataclass(frozen=True)
class Workspace:
    """The paths below a workspace's home; nothing is read or made by asking for one."""

    home: Path

    @property
    def settings_file(self) -> Path:
        """What the company says about itself."""
        return self.home / "touchline.yaml"

    @property
    def inbox(self) -> Path:
        """Where exports are dropped, one folder a source."""
        return self.home / "inbox"

    @property
    def published_file(self) -> Path:
        """The database that analysts open."""
        return self.home / "var" / "published" / "crm.duckdb"

    @property
    def last_night_file(self) -> Path:
        """What the newest night did, whether it published or not."""
        return self.home / "var" / "last_night.json"

    @property
    def demo_file(self) -> Path:
        """The demo company's `as_of`; present only where the demo wrote the inbox."""
        return self.home / "var" / "demo_as_of"

    @property
    def dagster_home(self) -> Path:
        """DAGSTER_HOME: its settings, runs and events."""
        return self.home / "var" / "dagster"

    def exists(self) -> bool:
        """Whether the folder is a workspace already."""
        return self.settings_file.is_file()

    def settings(self) -> Settings:
        """The workspace's settings; SettingsError when they are missing or wrong."""
        if not self.exists():
            raise UsageError(
                f"{self.home} is no workspace: it has no touchline.yaml",
                f"Make one: touchline init {self.home} — or name another: --home DIR, or TOUCHLINE_HOME=DIR",
            )
        from models.settings import load_settings

        return load_settings(self.settings_file)


def read_last_night(workspace: Workspace) -> NightOutcome | None:
    """What the newest night did, published or not; None before the first."""
    from pipelines.night.outcome import NightOutcome

    try:
        return NightOutcome.from_json(json.loads(workspace.last_night_file.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise TouchlineError(
            f"{workspace.last_night_file} is damaged: {error}", "Remove it; the next night writes it again."
        ) from error


def last_night(workspace: Workspace) -> NightOutcome:
    """What the night that has just run did."""
    outcome = read_last_night(workspace)
    if outcome is None:
        raise TouchlineError(f"The night left no {workspace.last_night_file}", "Run it again.")
    return outcome


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
        for folder in ("inbox/crm", "var/landed", "var/generations", "var/dagster"):
            (home / folder).mkdir(parents=True, exist_ok=True)
        write_dagster_settings(workspace)
        workspace.settings_file.write_text(settings_text or template("touchline.yaml"), encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"The workspace {home} cannot be made: {error.strerror} ({error.filename})", "Name another folder."
        ) from error
    return workspace


def write_dagster_settings(workspace: Workspace) -> None:
    """DAGSTER_HOME with our dagster.yaml, unless the company has written its own there."""
    workspace.dagster_home.mkdir(parents=True, exist_ok=True)
    file = workspace.dagster_home / "dagster.yaml"
    if not file.exists():
        file.write_text(template("dagster.yaml"), encoding="utf-8")
