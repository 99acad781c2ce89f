"""Where everything of one workspace lies (contract.md, section 2). Paths only; nothing is read or made on import."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from models.errors import UsageError

if TYPE_CHECKING:
    from models.settings import Settings


@dataclass(frozen=True)
class Workspace:
    """A workspace folder and the places in it."""

    home: Path

    @property
    def settings_file(self) -> Path:
        """touchline.yaml."""
        return self.home / "touchline.yaml"

    @property
    def inbox(self) -> Path:
        """Where exports are dropped, one folder a source."""
        return self.home / "inbox"

    @property
    def var(self) -> Path:
        """Everything that Touchline writes."""
        return self.home / "var"

    @property
    def landed(self) -> Path:
        """Copies of what was read, named by their sha256."""
        return self.var / "landed"

    @property
    def fetched(self) -> Path:
        """Windows of APIs that are open, or landed and in no generation yet."""
        return self.var / "fetched"

    @property
    def generations(self) -> Path:
        """One folder a published night."""
        return self.var / "generations"

    @property
    def published(self) -> Path:
        """The symlink that readers open."""
        return self.var / "published"

    @property
    def published_file(self) -> Path:
        """The database that analysts open."""
        return self.published / "crm.duckdb"

    @property
    def building(self) -> Path:
        """Where a night builds aside; only the holder of the lock writes here."""
        return self.var / "building"

    @property
    def failed(self) -> Path:
        """The last build that was not published, kept to look at."""
        return self.var / "failed"

    @property
    def last_night(self) -> Path:
        """What the last night did, published or not, as JSON."""
        return self.var / "last_night.json"

    @property
    def nights(self) -> Path:
        """The last few hundred nights, one JSON line each."""
        return self.var / "nights.jsonl"

    @property
    def published_copy(self) -> Path:
        """How the copy at `storage.publish` stands, as JSON; there once a copy was tried."""
        return self.var / "published_copy.json"

    @property
    def engine_storage(self) -> Path:
        """The place that an engine's tables pass through, while it may hold rows."""
        return self.var / "engine_storage"

    @property
    def inbox_index(self) -> Path:
        """Hashes of inbox files by inode, size and mtime, so that an unchanged file is not read again."""
        return self.var / "inbox_index.json"

    @property
    def object_index(self) -> Path:
        """Hashes of objects of inboxes in object stores by ETag, size and date, so that an unchanged one is not read again."""
        return self.var / "object_index.json"

    @property
    def operator_store(self) -> Path:
        """What people said: orders to replay and to discard; mode 0600."""
        return self.var / "operator.sqlite"

    @property
    def lock(self) -> Path:
        """flock: one night at a time."""
        return self.var / "lock"

    @property
    def secret_key(self) -> Path:
        """The key behind contact_key, when TOUCHLINE_SECRET_KEY does not give one; mode 0600."""
        return self.var / "secret.key"

    @property
    def erasure_key(self) -> Path:
        """The key of the erasure registry, never rotated; mode 0600."""
        return self.var / "erasure.key"

    @property
    def dagster_home(self) -> Path:
        """DAGSTER_HOME."""
        return self.var / "dagster"

    @property
    def demo_stories(self) -> Path:
        """What `touchline demo` planted, as JSON: who, what, when, and the figure expected."""
        return self.var / "demo_stories.json"

    @property
    def demo_as_of(self) -> Path:
        """The demo company's `as_of`; present only where `touchline demo` wrote the inbox."""
        return self.var / "demo_as_of"

    def exists(self) -> bool:
        """Whether the folder is a workspace already."""
        return self.settings_file.is_file()

    def must_exist(self) -> None:
        """Raises UsageError when there is no workspace."""
        if not self.exists():
            raise UsageError(
                f"{self.home} is no Touchline workspace: it has no touchline.yaml",
                "Make one with: touchline init DIR — or name one: --home DIR, or TOUCHLINE_HOME=DIR",
            )

    def settings(self) -> Settings:
        """The workspace's settings; raises UsageError when there is no workspace."""
        from models.settings import load_settings  # it costs a second: paths alone must not

        self.must_exist()
        return load_settings(self.settings_file)
