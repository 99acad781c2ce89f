"""For every test: nights are cheap; tests that want Great Expectations' judgement or all marts say so."""

import os

from tests.cheap_nights import CHEAP, MALLOC

os.environ.update(CHEAP)
os.environ["GLIBC_TUNABLES"] = MALLOC  # heard by the processes that pytest-xdist and tests start
