"""For every test: nights are cheap; tests that want Great Expectations' judgement or all marts say so."""

import os

from tests.cheap_nights import CHEAP

os.environ.update(CHEAP)
