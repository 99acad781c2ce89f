"""What a night did, for people and for `status`: plain values that survive as JSON in var/last_night.json."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Self

from models.errors import TouchlineError
from pipelines.night.whole_file import write_whole

NightStatus = Literal["published", "nothing_new", "blocked", "dry_run", "failed"]


@dataclass(frozen=True)
class LoadSummary:
    """One file and entity: its fate and where each of its records went. `rows_read` is the sum of the other rows."""

    load_id: str
    source: str
    entity: str
    file_name: str
    status: Literal["accepted", "refused", "duplicate", "deferred"]
    reason: str | None = None
    remedy: str | None = None
    rows_read: int = 0
    rows_accepted: int = 0
    rows_duplicate: int = 0
    rows_superseded: int = 0
    rows_quarantined: int = 0
    rows_ignored: int = 0
    rows_erased: int = 0


@dataclass(frozen=True)
class NightOutcome:
    """What a night did. `tables` are rows by published table, `quarantine` rejected rows of this night by rule,
    `orders` the rows that it added to ops.operator_order.

    `expectations` are Great Expectations' by table and name: `holds`, or what a person should know. `alerts` are, by
    rule, whether it was judged, and how many subjects are beyond a limit, suppressed, or of a standing alert.
    `copy_behind` says why the copy at `storage.publish` is not of this generation, if it is not.
    """

    status: NightStatus
    as_of: datetime
    run_id: str
    generation: int | None = None
    loads: tuple[LoadSummary, ...] = ()
    tables: dict[str, int] = field(default_factory=dict)
    failed_checks: tuple[dict[str, Any], ...] = ()
    quarantine: dict[str, int] = field(default_factory=dict)
    expectations: dict[str, dict[str, str]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    orders: tuple[dict[str, Any], ...] = ()
    alerts: dict[str, dict[str, Any]] = field(default_factory=dict)
    seconds: float = 0.0
    steps: dict[str, float] = field(default_factory=dict)
    error: str | None = None
    exit_code: int = 0
    copy_behind: str | None = None

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {**dataclasses.asdict(self), "as_of": self.as_of.isoformat()}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Self:
        """The inverse of `to_json`."""
        return cls(
            **{
                **content,
                "as_of": datetime.fromisoformat(content["as_of"]),
                "loads": tuple(LoadSummary(**load) for load in content["loads"]),
                "failed_checks": tuple(content["failed_checks"]),
                "notes": tuple(content["notes"]),
                "orders": tuple(content.get("orders", ())),
            }
        )


def write_outcome(outcome: NightOutcome, path: Path) -> None:
    """Replaces the file in one rename, so that a reader never sees half of it."""
    write_whole(path, json.dumps(outcome.to_json(), indent=1))


def read_outcome(path: Path) -> NightOutcome | None:
    """The last night's outcome; None before the first. Raises TouchlineError when the file is damaged."""
    try:
        return NightOutcome.from_json(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise TouchlineError(
            f"{path} cannot be understood ({type(error).__name__}: {error})",
            "Delete it: it only tells what the last night did, and the next night writes it anew.",
        ) from None
