"""Where tables lie between DuckDB and the engine: files under names, `/` between their parts.

What belongs here: the interface that the engine needs, and a folder that both reach. An object store is handed in by who
knows object stores.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from typing import Protocol

BUILD = "touchline_build"
"""Below it lies what one build sends and makes; nothing of it outlives the build."""
KEPT = "touchline_kept"
"""Below it lie rows that a later night need not send again."""


class Storage(Protocol):
    """Files that this machine and every worker of an engine reach."""

    @property
    def scratch(self) -> Path:
        """A folder of this machine to write into before sending; may not be there yet."""

    def address(self, name: str) -> str:
        """The folder of that name as the engine calls it."""

    def files(self, below: str) -> Mapping[str, int]:
        """Every file below a name, called from there, with its bytes."""

    def send(self, folder: Path, name: str) -> None:
        """Puts the files of a folder of this machine under a name; the folder is gone afterwards."""

    def bring(self, name: str) -> Path:
        """A folder of this machine with the files under a name, only to be read."""

    def remove(self, names: Iterable[str]) -> None:
        """Removes everything below these names; those that are not there are no fault."""


@dataclass(frozen=True)
class Folder:
    """A folder that this machine and the engine reach by the same path."""

    root: Path

    @property
    def scratch(self) -> Path:
        """On the same disk, so that sending is a rename: nobody sees half a folder."""
        return self.root / BUILD / "scratch"

    def address(self, name: str) -> str:
        """The path, which is the same everywhere."""
        return str(self.root / name)

    def files(self, below: str) -> Mapping[str, int]:
        """Every file below a name, with its bytes."""
        place = self.root / below
        found = (path for path in place.rglob("*") if path.is_file())
        return {path.relative_to(place).as_posix(): path.stat().st_size for path in found}

    def send(self, folder: Path, name: str) -> None:
        """Puts the files there in one rename."""
        target = self.root / name
        rmtree(target, ignore_errors=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        folder.rename(target)

    def bring(self, name: str) -> Path:
        """The folder itself."""
        return self.root / name

    def remove(self, names: Iterable[str]) -> None:
        """Removes everything below these names."""
        for name in names:
            rmtree(self.root / name, ignore_errors=True)


def has_rows(storage: Storage, name: str) -> bool:
    """Whether a Parquet file lies there: an engine may write none for no rows."""
    return any(file.endswith(".parquet") for file in storage.files(name))
