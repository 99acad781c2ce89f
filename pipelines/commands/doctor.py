"""`touchline doctor`: is everything in order, and what to mend. It changes nothing."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import typer

from pipelines.commands.options import HomeOption, JsonOption, workspace_at
from pipelines.commands.pages import Page, print_json

if TYPE_CHECKING:
    from pipelines.doctor.finding import Finding

_STYLES = {"ok": "green", "warn": "yellow", "fail": "bold red"}


def doctor(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Check settings, permissions, disk, locks, versions, sources, readers and what is published. Exits with 1 when something must be mended."""
    from pipelines.doctor.examine import examine

    workspace = workspace_at(home)
    workspace.must_exist()
    findings = examine(workspace, datetime.now(UTC))
    failed = any(finding.level == "fail" for finding in findings)
    if as_json:
        print_json({"healthy": not failed, "findings": [asdict(finding) for finding in findings]})
    else:
        _show(Page(), findings)
    if failed:
        raise typer.Exit(1)


def _show(out: Page, findings: list[Finding]) -> None:
    for finding in findings:
        out.marked(finding.level, _STYLES[finding.level], f"{finding.check}: {finding.what}")
        if finding.remedy:
            out.line(f"      → {finding.remedy}")
    fails, warnings = (sum(finding.level == level for finding in findings) for level in ("fail", "warn"))
    if fails:
        out.head(f"\n{fails} to mend, {warnings} to look at: each line above says how.")
    elif warnings:
        out.head(f"\nNothing must be mended; {warnings} to look at.")
    else:
        out.head("\nAll is in order.")
