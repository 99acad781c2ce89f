"""Whole nights: the same rows give the same tables however they are delivered, and damaged files beside them move nothing."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.quality.bad_inputs.mutations import damage
from tests.quality.bad_inputs.sound_files import WRITTEN, activity_rows, sound_files
from tests.reliability import record, tried_here
from tests.runs.conftest import Office
from tests.seeds import chosen_seed

SETTINGS = """
company: {name: Test, timezone: America/New_York}
sources:
  - {name: crm, kind: canonical, path: inbox/crm}
"""
DAMAGED = "  - {{name: damaged_{number}, kind: canonical, path: inbox/damaged_{number}, timezone: America/New_York}}\n"
Rows = list[dict[str, Any]]
Files = list[tuple[str, bytes]]
BESIDE, NIGHTS = 8, tried_here(24)


def company(seed: int) -> dict[str, Rows]:
    """What a small company delivers."""
    changed = {"updated_at": "2026-03-01"}
    reps = [
        {"rep_id": name, "full_name": name, "rep_type": "inside", "hire_date": "2025-01-01", "role": "ae", **changed}
        for name in ("Ada", "Łukasz", "O'Hara, Bo")
    ]
    contacts = [{"contact_id": f"C{n}", "email": f"c{n}@x.example", **changed} for n in (1, 2)]
    return {"activities": activity_rows(seed, 40), "reps": reps, "contacts": contacts}


def in_one_ending(ending: str) -> Callable[[dict[str, Rows], random.Random], Files]:
    return lambda rows, chance: [(f"{entity}{ending}", WRITTEN[ending](listed)) for entity, listed in rows.items()]


def shuffled(rows: dict[str, Rows], chance: random.Random) -> Files:
    return [(f"{entity}.csv", WRITTEN[".csv"](chance.sample(listed, len(listed)))) for entity, listed in rows.items()]


def in_pieces(rows: dict[str, Rows], chance: random.Random) -> Files:
    """Files of a few rows, some of them in two, each in a kind of its own."""
    files = []
    for entity, listed in rows.items():
        mixed = chance.sample(listed, len(listed)) + chance.sample(listed, len(listed) // 3)
        for place in range(0, len(mixed), 5):
            ending = chance.choice(sorted(WRITTEN))
            files.append(
                (f"{entity}_{chance.randrange(10**6)}_{place}{ending}", WRITTEN[ending](mixed[place : place + 5]))
            )
    return files


WAYS = {ending: in_one_ending(ending) for ending in WRITTEN if ending != ".csv"} | {"shuffled": shuffled}


def delivered(folder: Path, files: Files, nights: int = 1) -> Office:
    """A workspace after the files came, spread over some nights."""
    office = Office(folder / "workspace", SETTINGS)
    for night in range(nights):
        for name, content in files[night::nights]:
            office.deliver(name, content)
        assert office.night().status == "published"
    return office


@pytest.fixture(scope="module")
def as_csv(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    files = in_one_ending(".csv")(company(1), random.Random(1))
    return delivered(tmp_path_factory.mktemp("csv"), files).hashes()


def test_rows_in_pieces_of_every_kind_over_two_nights_give_the_same_tables(as_csv, tmp_path):
    office = delivered(tmp_path, in_pieces(company(1), random.Random(3)), nights=2)
    assert office.hashes() == as_csv
    assert unequal(office) == []


@pytest.mark.slow
def test_the_same_rows_give_the_same_tables(as_csv, tmp_path):
    for way, written in WAYS.items():
        assert delivered(tmp_path / way.strip("._"), written(company(1), random.Random(4))).hashes() == as_csv, way
    record("the same rows in other files, orders and pieces give the same tables", f"{len(WAYS) + 1} ways to deliver")


def unequal(office: Office) -> list[tuple[Any, ...]]:
    """Loads whose parts are not what was read."""
    return office.query(
        "select * from ops.load_accounting where rows_read <> rows_accepted + rows_duplicate + rows_superseded"
        " + rows_quarantined + rows_ignored + rows_erased"
    )


def of_the_sound_source(office: Office) -> list[tuple[Any, ...]]:
    return office.query("select * from core.fct_activity where source = 'crm' order by activity_id")


ACCOUNTED = "select * exclude (as_of, loaded_at) from ops.load_accounting order by load_id, entity"


@pytest.mark.slow
def test_nights_with_damaged_files_publish_what_is_sound(tmp_path):
    """Each night some damaged files come; then everything is built anew from what landed, to the same tables."""
    seed = chosen_seed()
    chance = random.Random(seed)
    settings = SETTINGS + "".join(DAMAGED.format(number=number) for number in range(BESIDE))
    office = Office(tmp_path / "workspace", settings)
    for name, content in in_one_ending(".csv")(company(1), chance):
        office.deliver(name, content)
    office.night()
    sound = of_the_sound_source(office)
    for night in range(NIGHTS):
        canonical = [one for one in sound_files(seed + night) if one.source.name == "crm"]
        for number in range(BESIDE):
            one = chance.choice(canonical)
            entity, _, ending = one.name.partition(".")
            name = f"{entity}_{night}.{ending}"
            office.deliver(name, damage(one.file, chance).content, f"inbox/damaged_{number}")
        assert office.night().status == "published"
        assert of_the_sound_source(office) == sound
        assert unequal(office) == []
    assert office.night().status == "nothing_new"
    tables, accounted = office.hashes(), office.query(ACCOUNTED)
    assert office.night(full_refresh=True).status == "published"
    assert (office.hashes(), office.query(ACCOUNTED)) == (tables, accounted)
    figure = f"{NIGHTS + 2} nights with {NIGHTS * BESIDE} damaged files (seed {seed})"
    record("nights with damaged files publish what is sound, and a rebuild gives the same tables", figure)
