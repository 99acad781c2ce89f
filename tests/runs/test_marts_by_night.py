"""Every mart, built night by night from whatever came late, equals the same mart built at once."""

import random
from datetime import timedelta

import pytest

from pipelines.demo import DEMO_AS_OF, demo_settings, write_demo
from tests.cheap_nights import ALL_MARTS

DAYS_BEFORE_THE_END = (40, 12, 12, 0)
"""The nights' as_of; one day has two nights."""


def deliver_in_pieces(office, folder, inbox, chance):
    """Yields before each night, once its share of every file lies in the inbox: any row may come in any night."""
    pieces = {}
    for path in sorted(folder.iterdir()):
        header, *lines = path.read_bytes().splitlines(keepends=True)
        whole = b'"' in path.read_bytes()  # a cell may hold a line end
        chosen = [[] for _ in DAYS_BEFORE_THE_END]
        for line in [b"".join(lines)] if whole else lines:
            chosen[chance.randrange(len(chosen))].append(line)
        pieces[path.name] = (header, chosen)
    for night, days in enumerate(DAYS_BEFORE_THE_END):
        for name, (header, chosen) in pieces.items():
            if chosen[night]:
                stem, _, ending = name.partition(".")
                office.deliver(f"{stem}_{night}.{ending}", header + b"".join(chosen[night]), inbox)
        yield DEMO_AS_OF - timedelta(days=days)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_every_mart_of_nights_with_late_rows_equals_a_full_refresh(office_at, tmp_path, seed):
    office = office_at(tmp_path / "workspace", demo_settings())
    office.environment = ALL_MARTS | {"TOUCHLINE__QUALITY__MAX_QUARANTINED_SHARE": "1"}
    write_demo(tmp_path / "crm", reps=6, days=60, seed=seed, dialer=tmp_path / "dialer")
    chance = random.Random(seed)
    nights = zip(
        deliver_in_pieces(office, tmp_path / "crm", "inbox/crm", chance),
        deliver_in_pieces(office, tmp_path / "dialer", "inbox/dialer", chance),
        strict=True,
    )
    for as_of, _ in nights:
        office.night(as_of=as_of)
    by_night = office.hashes()
    office.night(as_of=DEMO_AS_OF, full_refresh=True)
    at_once = office.hashes()
    assert {table for table in at_once if by_night[table] != at_once[table]} == set()
    marts = {table for table in at_once if table.startswith("marts.")} - {"marts.alerts"}  # a memory of nights
    assert len(marts) == 11
    assert [table for table in sorted(marts) if office.query(f"select count(*) from {table}") == [(0,)]] == []
