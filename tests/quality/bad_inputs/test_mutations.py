"""Thousands of damaged files, read and judged: none escapes the accounting, and no damage reaches another record.

The seed is printed; `TOUCHLINE_SEED=… pytest …` repeats a run. It ends after a number of files, or of CPU seconds.
"""

from __future__ import annotations

import random
import re
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.quality.bad_inputs.judged_files import Judge, Judged, Row, judge_in
from tests.quality.bad_inputs.mutations import Damaged, damage
from tests.quality.bad_inputs.sound_files import WRITTEN, Sound, activity_rows, canonical, sound_files
from tests.reliability import record, tried_here
from tests.seeds import chosen_seed

MANY, SECONDS = tried_here(5_000), tried_here(70)


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory):
    with judge_in(tmp_path_factory.mktemp("landed")) as one:
        yield one


def originals_of(judge: Judge, sound: Sound) -> list[Row]:
    """The typed row of each record of the sound file, by place."""
    whole = judge.judge(sound.source, sound.entity, sound.name, sound.file.content)
    assert whole.refused is None and len(whole.listed) == len(sound.file.lines)
    return list(whole.listed)


def assert_accounted(judged: Judged) -> None:
    """Every record in one bucket, each at a line of its own."""
    result = judged.result
    assert result is not None
    assert result.rows_read == result.rows_valid + result.rows_quarantined + result.rows_ignored
    assert sum(judged.rows.values()) == result.rows_valid
    lines = [result.line_of(place) for place in range(result.row_count)]
    assert lines == sorted(set(lines))
    rejected = {line for line, *_ in judged.broken}
    assert len(rejected) == result.rows_quarantined
    assert len(set(lines) | rejected) + result.rows_ignored == result.rows_read


def assert_lines_are_records(sound: Sound, content: bytes, judged: Judged) -> None:
    """Where no cell spans lines, the records are the physical lines."""
    assert judged.result is not None
    if sound.name.endswith(".jsonl"):
        assert judged.result.rows_read == len(content.splitlines())
    elif b'"' not in content:
        assert judged.result.rows_read + 1 == len(re.findall(rb"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z", content))


def assert_others_stand(damaged: Damaged, originals: list[Row], judged: Judged) -> None:
    """What was not touched is accepted as it was, and what else is accepted is no more than what was touched."""
    standing = Counter(originals[place] for place in damaged.untouched())
    assert not standing - judged.rows
    assert sum((judged.rows - standing).values()) <= damaged.touched()
    assert "\ufffd" not in repr(judged.rows), "a byte that nobody can read became another"


def check(judge: Judge, sound: Sound, originals: list[Row], damaged: Damaged) -> Judged:
    """All properties of one damaged file."""
    content = damaged.content
    judged = judge.judge(sound.source, sound.entity, sound.name, content)
    if judged.refused is None:
        assert_accounted(judged)
        assert_lines_are_records(sound, content, judged)
        if not damaged.touched_all:
            assert_others_stand(damaged, originals, judged)
    return judged


def fuzz(judge: Judge, seed: int, files: int, seconds: float, kept: Path) -> Counter[str]:
    """Damages sound files until there were enough; how each ended. A file that breaks a rule is kept to look at."""
    chance, until = random.Random(seed), time.process_time() + seconds
    ended: Counter[str] = Counter()
    sounds = sound_files(seed)
    originals = [originals_of(judge, sound) for sound in sounds]
    for number in range(files):
        place = chance.randrange(len(sounds))
        sound = sounds[place]
        damaged = damage(sound.file, chance)
        try:
            judged = check(judge, sound, originals[place], damaged)
            if number % 8 == 0:
                again = judge.judge(sound.source, sound.entity, sound.name, damaged.content)
                assert again.said() == judged.said()
        except BaseException:
            (kept / sound.name).write_bytes(damaged.content)
            print(f"seed {seed}, file {number}: {sound.name} after {damaged.what}, kept in {kept}")
            raise
        ended["refused" if judged.refused else "read"] += 1
        if time.process_time() > until:
            break
    return ended


@pytest.mark.slow
def test_thousands_of_damaged_files_are_accounted_for(judge, tmp_path):
    seed = chosen_seed()
    ended = fuzz(judge, seed, MANY, SECONDS, tmp_path)
    tried = sum(ended.values())
    print(f"{tried} damaged files: {dict(ended)}")
    figure = f"{tried:,} damaged files, {ended['refused']:,} of them refused (seed {seed})"
    record("a damaged file is refused or accounted for, and its other records stand", figure)


@pytest.mark.slow
def test_damaged_bytes_of_other_kinds_of_files_are_refused_or_accounted_for(judge, tmp_path):
    """A packed file is read as it was, or refused; a workbook and a Parquet file may be read with other cells."""
    seed = chosen_seed()
    chance, until = random.Random(seed), time.process_time() + SECONDS / 4
    rows = [dict(row) for row in activity_rows(seed)]
    kinds = {f"activities{ending}": write(rows) for ending, write in WRITTEN.items() if ending != ".csv"}
    plain = {name: judge.judge(canonical(), "activities", name, content).rows for name, content in kinds.items()}
    tried = 0
    while time.process_time() < until and tried < MANY:
        name = chance.choice(sorted(kinds))
        content = with_other_bytes(kinds[name], chance)
        tried += 1
        try:
            judged = judge.judge(canonical(), "activities", name, content)
            if judged.refused is None:
                assert_accounted(judged)
                assert judged.rows == plain[name] or not name.endswith((".gz", ".zst"))
        except BaseException:
            (tmp_path / name).write_bytes(content)
            print(f"seed {seed}: {name} kept in {tmp_path}")
            raise
    figure = f"{tried:,} files with other bytes (seed {seed})"
    record("a damaged workbook, Parquet or packed file is refused or accounted for", figure)


def with_other_bytes(content: bytes, chance: random.Random) -> bytes:
    """A few bytes changed, or the end cut off."""
    changed = bytearray(content)
    for _ in range(chance.choice((1, 1, 2, 3))):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed[: chance.randrange(len(changed))] if chance.random() < 0.2 else changed)


@pytest.mark.parametrize("ending", sorted(WRITTEN))
def test_the_same_rows_are_judged_alike_in_every_kind_of_file(judge, ending):
    rows = activity_rows(7)
    asked = (canonical(), "activities")
    as_csv = judge.judge(*asked, "activities.csv", WRITTEN[".csv"](rows))
    random.Random(7).shuffle(rows)
    shuffled = judge.judge(*asked, f"activities{ending}", WRITTEN[ending](rows))
    assert shuffled.refused is None
    assert shuffled.rows == as_csv.rows
    assert sum(shuffled.rows.values()) == len(rows)
    halves = [judge.judge(*asked, f"activities{ending}", WRITTEN[ending](part)) for part in (rows[:5], rows[5:])]
    assert halves[0].rows + halves[1].rows == as_csv.rows
