"""The seed of a random test: another at each run, unless TOUCHLINE_SEED says which."""

from __future__ import annotations

import os
import random


def chosen_seed() -> int:
    """Printed, so that a run can be repeated."""
    seed = int(os.environ.get("TOUCHLINE_SEED") or random.SystemRandom().randrange(10**9))
    print(f"TOUCHLINE_SEED={seed}")
    return seed
