"""How often Python looks for cycles is as it was when a command is over, however it ends."""

import gc

import pytest

from pipelines.cli import main
from pipelines.collecting import cycles_sought_rarely


def test_it_is_rare_within_the_block_only():
    before = gc.get_threshold()
    with pytest.raises(ZeroDivisionError), cycles_sought_rarely():
        assert gc.get_threshold()[0] > 10 * before[0]
        raise ZeroDivisionError
    assert gc.get_threshold() == before
    with pytest.raises(SystemExit):
        main(["--help"])
    assert gc.get_threshold() == before
