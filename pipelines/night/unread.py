"""Files of the inbox that nobody reads: what the user is told of them, with what would read them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from models.personal import masked_name
from models.settings import Settings, Source
from models.shown import first_few
from pipelines.night.landing import find_files, ordinary_files, strange_files, unread_files
from pipelines.sources.readings import crm_of

_SHOWN = 8


def unread_notes(home: Path, settings: Settings, shown: Callable[[str], str]) -> list[str]:
    """One note for each source whose folder holds such files, and one for those in no source's folder.

    `shown` is how a file's name may be said: without whom it names when they are forgotten.
    """
    notes = []
    for source in settings.sources:
        if unread := unread_files(home, source, settings):
            notes.append(
                f"{source.name}: not read: {_listed(unread, shown)}. touchline inspect FILE says what each is, an export of a CRM"
                f" too, and proposes a source that reads it; or call it {_names_of(source)}; or leave it: it does no"
                " harm."
            )
        if strange := strange_files(home, source):
            names = _listed(strange, shown)
            notes.append(f"{source.name}: {names}: no ordinary file, or a link. Deliver the file itself.")
    if homeless := homeless_files(home, settings):
        notes.append(
            f"not read: {_listed(homeless, shown)}: no source of touchline.yaml looks there. Move them into the folder of a"
            " source, or describe them as one (touchline inspect FILE)."
        )
    return notes


def homeless_files(home: Path, settings: Settings) -> list[Path]:
    """Files in the inbox, or in a folder right below it, where no source looks."""
    inbox = home / "inbox"
    folders = [inbox, *(folder for folder in inbox.glob("*/") if not folder.is_symlink())]
    looked = {(home / one.path).resolve() for one in settings.sources if one.kind != "mapped" and one.path}
    read = {file.path for one in settings.sources if one.kind == "mapped" for file in find_files(home, one, settings)}
    found = [path for folder in folders if folder.resolve() not in looked for path in ordinary_files(folder)]
    return sorted(path for path in found if path not in read)


def _listed(paths: Sequence[Path], shown: Callable[[str], str]) -> str:
    return first_few([shown(masked_name(path.name)) for path in paths], _SHOWN)


def _names_of(source: Source) -> str:
    """How files of the source must be called."""
    crm = crm_of(source.kind)
    canonical = "<entity>*.csv, .jsonl, .parquet, .xlsx …"
    return canonical if crm is None else f"like the object it holds (docs/sources_{crm}.md) or {canonical}"
