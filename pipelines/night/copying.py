"""The copy of what is published at `storage.publish`: crm.duckdb and the report as one version, behind `published.json`.

The local publication stands whatever becomes of its copy: what went wrong is a note, in `status`, and an alert. Every
night asks the pointer whether it names what is published here, so one that found the store down, or was killed between
data and pointer, is made up for by the next, also by one with nothing new. private.duckdb never leaves this machine.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from models.errors import TouchlineError
from models.settings import Settings
from pipelines.night.generation import Generation, current_generation
from pipelines.night.publication import erased_in, read_publication
from pipelines.night.whole_file import write_whole
from pipelines.night.workspace import Workspace
from pipelines.storage.place import Place, open_place
from pipelines.storage.versions import Pointer, drop_old_versions, read_pointer, write_version

POINTER = "published.json"
_TOLD = ("generation", "as_of", "published_at", "run_id", "version")


@dataclass(frozen=True)
class CopyStanding:
    """How the copy stands: the generation that readers elsewhere see (as far as was seen), and what is wrong, if anything.

    `tried_at` is when a night last looked.
    """

    place: str
    generation: int | None
    as_of: str | None
    tried_at: str
    problem: str | None = None
    remedy: str | None = None


def copy_published(
    workspace: Workspace, settings: Settings, at: datetime, step: Callable[[str], None] = lambda name: None
) -> CopyStanding | None:
    """Brings the place up to what is published here, and notes how it stands; None when no copy is asked for, or there is
    nothing to copy. Raises nothing of the store: `problem` says it.
    """
    published = current_generation(workspace)
    if settings.storage.publish is None or published is None:
        return None
    standing = _standing_after(published, settings, read_copy_standing(workspace, settings), at, step)
    with suppress(OSError):  # what is published stands; a full disk is told by the night's own record
        write_whole(workspace.published_copy, json.dumps(asdict(standing), indent=1))
    return standing


def read_copy_standing(workspace: Workspace, settings: Settings) -> CopyStanding | None:
    """What the last night noted of the place that the settings name; None when it noted nothing. Asks no network."""
    try:
        noted = CopyStanding(**json.loads(workspace.published_copy.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    return noted if noted.place == settings.storage.publish else None


def note_on_copy(standing: CopyStanding | None) -> str | None:
    """For people, when the copy is behind, or cannot be tidied."""
    if standing is None or standing.problem is None:
        return None
    holds = "nothing yet" if standing.generation is None else f"generation {standing.generation}"
    return (
        f"the copy at {standing.place} is not in order (readers there see {holds}, as far as is known):"
        f" {standing.problem}. {standing.remedy} What is published here stands; the next night tries again."
    )


def _standing_after(
    published: Generation,
    settings: Settings,
    before: CopyStanding | None,
    at: datetime,
    step: Callable[[str], None],
) -> CopyStanding:
    """How the copy stands once it was tried; what was seen `before` holds when the pointer was not reached."""
    url = settings.storage.publish
    assert url is not None
    standing = CopyStanding(url, *((before.generation, before.as_of) if before else (None, None)), at.isoformat())
    try:
        place = open_place(url, settings.storage, os.environ)
        pointer = _copy(published, place, step)
        standing = replace(standing, generation=pointer.about["generation"], as_of=pointer.about["as_of"])
        _tidy(published, settings, place, pointer)
    except TouchlineError as error:
        return replace(standing, problem=error.what, remedy=error.remedy)
    return standing


def _copy(published: Generation, place: Place, step: Callable[[str], None]) -> Pointer:
    about = _about(published)
    found = read_pointer(place, POINTER)
    if found is not None and found[0].about == about:
        return found[0]
    label = f"generations/{published.folder.name}"
    return write_version(place, POINTER, label, shared_files(published.folder), about, step)


def _tidy(published: Generation, settings: Settings, place: Place, pointer: Pointer) -> None:
    """Removes what is too old there, and at once what names people who were forgotten since."""
    erased = max(erased_in(published).values(), default=0)
    drop_old_versions(place, pointer, settings.engine.keep_generations, lambda prefix: _number_of(prefix) < erased)


def _number_of(prefix: str) -> int:
    """42 of `generations/000042-1a2b…/`."""
    return int(prefix.split("/")[1].split("-")[0])


def _about(published: Generation) -> dict[str, Any]:
    """What a pointer says of its generation: as ops.publication has it, as JSON."""
    row = read_publication(published)[0]
    return {name: value.isoformat() if isinstance(value := row[name], datetime) else value for name in _TOLD}


def shared_files(folder: Path) -> dict[str, Path]:
    """What of a generation leaves this machine, by its path in a version: what analysts open, and the report."""
    report = {
        path.relative_to(folder).as_posix(): path for path in sorted((folder / "report").rglob("*")) if path.is_file()
    }
    return {"crm.duckdb": folder / "crm.duckdb", **report}
