"""Parquet becomes the text that the contracts' kinds expect, whatever the session's time zone."""

import pytest

from models.errors import UnreadableFileError

COLUMNS = """
    select 9007199254740993 as id, 5.0::double as whole, 0.1::double as share, 1.50::decimal(9, 2) as amount,
        timestamptz '2026-03-01 10:00:00.5+00' as instant, timestamp '2026-03-01 10:00:00' as local,
        timestamp_ns '2026-03-01 10:00:00.123456789' as exact, date '2026-03-01' as day, true as flag,
        [1, 2] as ids, {'a': 1, 'b': {'c': null::varchar}} as nested, null::varchar as nothing, 'N/A' as text
"""
EXPECTED = {
    "id": "9007199254740993",
    "whole": "5",
    "share": "0.1",
    "amount": "1.50",
    "instant": "2026-03-01T10:00:00.500000Z",
    "local": "2026-03-01 10:00:00",
    "exact": "2026-03-01 10:00:00.123457",
    "day": "2026-03-01",
    "flag": "true",
    "ids": '["1","2"]',
    "nested.a": "1",
    "nested.b.c": "",
    "nothing": "",
    "text": "",
}


@pytest.fixture
def parquet(connection, tmp_path):
    def parquet(select: str) -> bytes:
        path = tmp_path / "made.parquet"
        connection.execute(f"copy ({select}) to '{path}'")
        return path.read_bytes()

    return parquet


@pytest.mark.parametrize("slow", [False, True])
def test_every_type_has_one_text(load, parquet, slow):
    loaded = load(parquet(COLUMNS), "a.parquet", slow=slow, null_values=("N/A",))
    assert dict(zip(loaded.found.columns, loaded.cells[0], strict=True)) == EXPECTED
    assert (loaded.found.rows, loaded.found.ignored, loaded.lines) == (1, 0, [1])


def test_rows_keep_their_order(load, parquet):
    loaded = load(parquet("select i::varchar as i from range(30000) as r(i)"), "a.parquet")
    assert [row[0] for row in loaded.cells] == [str(number) for number in range(30_000)]


def test_names_that_clash_are_refused(load, parquet):
    with pytest.raises(UnreadableFileError) as refused:
        load(parquet("""select 1 as "n.a", {'a': 2} as n"""), "a.parquet")
    assert refused.value.rule == "duplicate_header"


def test_damage_inside_a_page_is_found_when_every_page_is_read(load, parquet):
    content = bytearray(parquet("select md5(i::varchar) as i from range(20000) as r(i)"))
    content[1000:3000] = bytes(2000)
    with pytest.raises(UnreadableFileError) as refused:
        load(bytes(content), "a.parquet", slow=True)
    assert refused.value.rule == "corrupt_parquet"
