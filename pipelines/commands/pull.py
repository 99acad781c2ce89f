"""`touchline pull`: the published generation of a place, in a folder of this machine. Needs no workspace."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from models.errors import SettingsError, TouchlineError, UsageError
from pipelines.commands.options import HomeOption, JsonOption, workspace_at
from pipelines.commands.pages import Page, print_json, size

if TYPE_CHECKING:
    from models.storage_settings import Storage
    from pipelines.storage.pulling import Pulled


def pull(
    place: Annotated[str, typer.Argument(metavar="PLACE", help="Where it is published: s3://bucket/prefix, gs://, az://, file:///.")],
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="New, empty, or an earlier pull's.")],
    endpoint: Annotated[str | None, typer.Option("--endpoint", help="Of a server that speaks S3; default as in the settings, else $AWS_ENDPOINT_URL.")] = None,
    region: Annotated[str | None, typer.Option("--region", help="S3: the bucket's region; default as in the settings, else $AWS_REGION.")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Bring the published generation from a place to FOLDER, checked by its hashes: FOLDER/published/crm.duckdb."""
    from pipelines.commands.progress import progress_here
    from pipelines.night.copying import POINTER
    from pipelines.storage.place import open_place
    from pipelines.storage.pulling import pull as bring

    opened = open_place(place, _storage(home, place, endpoint, region), os.environ)
    target = folder.expanduser().absolute()
    try:
        with progress_here() as progress:
            progress.step("pull")
            pulled = bring(opened, POINTER, target, progress.advance)
    except OSError as error:
        raise TouchlineError(
            f"{target} cannot be written: {error.strerror}", "Make room or rights, or name another folder."
        ) from error
    print_json(_as_json(pulled)) if as_json else _show(Page(), pulled)


def _storage(home: Path | None, place: str, endpoint: str | None, region: str | None) -> Storage:
    """How the store is reached: as the workspace says where there is one, or as the options say."""
    import re

    from pydantic import ValidationError

    from models.storage_settings import PLACE, Storage

    if re.match(PLACE, place) is None:
        raise UsageError(
            f"'{place}' is no place", "Write s3://bucket/prefix, gs://…, az://container/prefix or file:///folder."
        )
    workspace = workspace_at(home)
    try:
        known = workspace.settings().storage if workspace.exists() else Storage()
    except SettingsError:
        if home is not None:
            raise
        known = Storage()
    said = {name: value for name, value in (("endpoint", endpoint), ("region", region)) if value is not None}
    try:
        return Storage.model_validate(known.model_dump() | said) if said else known
    except ValidationError:
        raise UsageError(f"'{endpoint}' is no address of a server", "Write --endpoint https://HOST[:PORT].") from None


def _as_json(pulled: Pulled) -> dict[str, object]:
    return {**pulled.pointer.about, "folder": str(pulled.folder), "is_new": pulled.is_new, "bytes": pulled.bytes}


def _show(out: Page, pulled: Pulled) -> None:
    about = pulled.pointer.about
    came = f"{size(pulled.bytes)} in {len(pulled.pointer.files)} files" if pulled.is_new else "it was here already"
    out.head(f"Generation {about.get('generation')}, as of {about.get('as_of')}: {came}")
    out.line(f"Open it: {pulled.folder / 'crm.duckdb'}")
    if (report := pulled.folder / "report" / "index.html").exists():
        out.line(f"Look at it: {report}")
