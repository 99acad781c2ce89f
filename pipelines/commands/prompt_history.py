"""Where the prompt of `touchline query` keeps what was asked: in the workspace, for its owner, until somebody is forgotten."""

from __future__ import annotations

from pathlib import Path

from pipelines.night.workspace import Workspace


def history_file(workspace: Workspace) -> Path:
    """Mode 0600, since a question may name a person."""
    return workspace.var / "query_history"


def forget_history(workspace: Workspace) -> None:
    """All of it goes, since nothing in a question says whom it names."""
    history_file(workspace).unlink(missing_ok=True)
