"""docs/settings.md has every key of the settings, with the default and a meaning."""

import re
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel, Field

from models.errors import CatalogueError
from sql.settings_page import settings_sections

ROOT = Path(__file__).parents[2]
TEMPLATE = yaml.safe_load((ROOT / "pipelines/templates/touchline.yaml").read_text(encoding="utf-8"))
PAGE = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
SECTION = re.compile(r"^##+ `?(?P<place>[^`\n]+)`?$", re.MULTILINE)


def rows_of_page():
    """The default in each table, by place and key."""
    parts = SECTION.split(PAGE)[1:]
    found = {}
    for place, text in zip(parts[::2], parts[1::2], strict=True):
        for line in text.splitlines():
            if line.startswith("| `"):
                key, _, default, meaning = (cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:5])
                assert meaning
                found[place, key.strip("`")] = default.strip("`")
    return found


ROWS = rows_of_page()


def keys_of_template(place, content):
    for key, value in content.items():
        yield place, key, value
        if isinstance(value, dict):
            yield from keys_of_template(f"{place}.{key}", value)


KEYS = [
    found
    for section, content in TEMPLATE.items()
    for found in keys_of_template(section, content if isinstance(content, dict) else content[0])
]


@pytest.mark.parametrize(("place", "key", "value"), KEYS, ids=lambda one: str(one)[:30])
def test_every_key_of_a_fresh_workspace_is_told_with_its_default(place, key, value):
    told = ROWS[place, key]
    if place == "sources" and value is not None and told in ("required", '""'):
        return  # an example, no default
    if isinstance(value, dict) or value in (None, []):
        assert told in ("", "[]")
    else:
        assert value in (told, yaml.safe_load(told))


class Inner(BaseModel):
    """What is inside."""

    said: int = Field(1, ge=1, le=3, description="How much.")


class Outer(BaseModel):
    """Of two places one is told."""

    first: Inner = Inner()
    others: tuple[Inner, ...] = ()


class Settings(BaseModel):
    """The whole file."""

    outer: Outer = Outer()


def test_a_model_is_told_once_and_named_elsewhere():
    outer, inner = settings_sections(Settings)
    assert outer.startswith("## outer\n\nOf two places one is told.\n")
    assert "| `first` | keys |  | See `outer.first`. |\n| `others` | list of keys |  | See `outer.first`. |" in outer
    assert inner.startswith("### `outer.first`\n\nWhat is inside.\n")
    assert "| `said` | whole number, 1 to 3 | `1` | How much. |" in inner


def test_a_key_without_a_meaning_is_refused():
    class Silent(BaseModel):
        said: int = 1

    class Whole(BaseModel):
        silent: Silent = Silent()

    with pytest.raises(CatalogueError, match=r"silent\.said has no meaning"):
        settings_sections(Whole)
