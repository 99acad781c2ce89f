"""How often Python looks for objects that hold each other and nobody else.

Most of what a command or a night makes lives until its end, so looking after every 700 new objects, as Python does by
itself, is a twelfth of all its Python and a fifth of its imports, and finds hardly anything.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_NEW_OBJECTS = 50_000


@contextmanager
def cycles_sought_rarely() -> Iterator[None]:
    """Within the block after every 50,000 new objects."""
    before = gc.get_threshold()
    gc.set_threshold(_NEW_OBJECTS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
