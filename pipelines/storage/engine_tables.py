"""Tables of an engine in an object store: what sql.engines.storage asks of a storage, over a place.

DuckDB has no way of its own into a store, so files are written and read in a folder of this machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree

from pipelines.storage.place import Place


@dataclass(frozen=True)
class StoredTables:
    """Files under names in a place; `local` is a folder of this machine that a build has for itself."""

    place: Place
    local: Path

    @property
    def scratch(self) -> Path:
        """A folder of this build."""
        return self.local / "sent"

    def address(self, name: str) -> str:
        """As in the settings: engines know a store by the same words."""
        return f"{self.place.url}/{name}"

    def files(self, below: str) -> Mapping[str, int]:
        """Every file below a name, with its bytes."""
        return {one.key.removeprefix(f"{below}/"): one.size for one in self.place.list(below)}

    def send(self, folder: Path, name: str) -> None:
        """Uploads the files, each whole or not at all."""
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            self.place.upload(f"{name}/{file.relative_to(folder).as_posix()}", file)
        rmtree(folder)

    def bring(self, name: str) -> Path:
        """Downloads the files into a folder of this build."""
        folder = self.local / "brought" / name
        rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for one in self.files(name):
            target = folder / one
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("wb") as file:
                self.place.download(f"{name}/{one}", file)
        return folder

    def remove(self, names: Iterable[str]) -> None:
        """Removes everything below these names."""
        for name in names:
            self.place.delete([f"{name}/{one}" for one in self.files(name)])
