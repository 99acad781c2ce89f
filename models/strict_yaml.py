"""YAML as settings, table contracts and test cases are read: no key twice, no word that turns into something else."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import yaml

from models.errors import SettingsError

MAX_NODES = 100_000
_WITHOUT_YAML_11 = ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:int")


class _StrictLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Safe YAML that refuses a key given twice, parsed by libyaml where it is there (six times as fast).

    Only `true` and `false` are booleans, as in YAML 1.2: in 1.1 the country NO, the key `on` and the word Yes of a
    value map are booleans too, and 9:30 is the number 570.
    """

    yaml_implicit_resolvers: ClassVar[Any] = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag not in _WITHOUT_YAML_11]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def _mapping_without_duplicates(loader: _StrictLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    first: dict[Any, int] = {}
    for key_node, _ in node.value:
        key = loader.construct_object(key_node)
        if not isinstance(key, Hashable):
            raise yaml.constructor.ConstructorError(None, None, "a key must be one word", key_node.start_mark)
        if key in first:
            what = f"the key '{key}' is given twice, first on line {first[key]}"
            raise yaml.constructor.ConstructorError(None, None, what, key_node.start_mark)
        first[key] = key_node.start_mark.line + 1
    mapping: dict[Any, Any] = loader.construct_mapping(node, deep=True)
    return mapping


def _timestamp(loader: _StrictLoader, node: yaml.ScalarNode) -> Any:
    try:
        return loader.construct_yaml_timestamp(node)
    except ValueError as error:
        what = f"'{node.value}' is no day or time: {error}"
        raise yaml.constructor.ConstructorError(None, None, what, node.start_mark) from None


_StrictLoader.add_constructor("tag:yaml.org,2002:timestamp", _timestamp)
_StrictLoader.add_implicit_resolver(
    _WITHOUT_YAML_11[0], re.compile(r"(true|True|TRUE|false|False|FALSE)\Z"), list("tTfF")
)
_StrictLoader.add_implicit_resolver(_WITHOUT_YAML_11[1], re.compile(r"[-+]?(0|[1-9][0-9_]*)\Z"), list("-+0123456789"))
_StrictLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping_without_duplicates)


def parse_yaml(text: str) -> Any:
    """What a YAML text says, read as settings are; raises yaml.YAMLError."""
    loader = _StrictLoader(text)
    try:
        node = loader.get_single_node()
        if "&" in text and "*" in text:
            _refuse_growth(node)
        return None if node is None else loader.construct_document(node)
    finally:
        loader.dispose()


def _refuse_growth(root: yaml.Node | None) -> None:
    """Raises yaml.YAMLError when aliases make a small text a large (or an endless) document."""
    sizes: dict[int, int] = {}

    def size(node: yaml.Node) -> int:
        if id(node) not in sizes:
            sizes[id(node)] = MAX_NODES + 1  # stands while its own inside is counted: an alias to it never ends
            sizes[id(node)] = 1 + sum(size(part) for part in _parts(node))
        return sizes[id(node)]

    if root is not None and size(root) > MAX_NODES:
        what = f"its aliases make it larger than {MAX_NODES:,} values"
        raise yaml.constructor.ConstructorError(None, None, what, root.start_mark)


def _parts(node: yaml.Node) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        yield from (part for pair in node.value for part in pair)
    elif isinstance(node, yaml.SequenceNode):
        yield from node.value


def read_yaml(path: Path) -> Any:
    """The file's content; raises SettingsError with line and column when it is no YAML."""
    try:
        return parse_yaml(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"{path} is no valid YAML: {_where(error)}", "Mend the line it names; quote texts that hold ': '."
        ) from None
    except OSError as error:
        raise SettingsError(
            f"{path} cannot be read: {error.strerror}", "Make a workspace with: touchline init DIR"
        ) from None


def _where(error: Exception) -> str:
    """What the parser says, without the name that it gives to a text."""
    return str(error).replace('in "<unicode string>", ', "at ").replace('in "<byte string>", ', "at ")
