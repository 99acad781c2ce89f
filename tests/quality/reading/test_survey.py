"""The survey trusts DuckDB only with files in which nothing is skipped, repaired or miscounted without an error."""

import pytest

from pipelines.sources.reading import survey
from pipelines.sources.reading.survey import survey_file


@pytest.fixture
def surveyed(tmp_path):
    def surveyed(content: bytes) -> survey.Survey | None:
        path = tmp_path / "file"
        path.write_bytes(content)
        return survey_file(path, 0, ",", '"', b"id,note")

    return surveyed


@pytest.mark.parametrize(
    "anomaly",
    [
        b"\n",
        b"2,b\r\n",
        b"2,a\rb\n",
        b"2,b\r",
        b"2,a\x00\n",
        b'2,"b\n',
        b'2,5" x 6"\n',
        b'2,"b"x\n',
        b'2, "b"\n',
        b'2,"b" \n',
        b"id,note\n",
        b"id,note",
        b"2," + b"x" * 1_100_000 + b"\n",
        b'2,"' + b"x" * 1_100_000,
    ],
)
@pytest.mark.parametrize("block", [1, 7, 8 * 1024**2])
def test_an_anomaly_is_seen_wherever_blocks_end(surveyed, monkeypatch, anomaly, block):
    monkeypatch.setattr(survey, "_BLOCK", block if len(anomaly) < 1000 else 8 * 1024**2)
    assert surveyed(b"id,note\n1,a\n" + anomaly) is None


@pytest.mark.parametrize("block", [1, 2, 3, 5, 8 * 1024**2])
def test_records_are_counted_wherever_blocks_end(surveyed, monkeypatch, block):
    monkeypatch.setattr(survey, "_BLOCK", block)
    found = surveyed(b'id,note\r\n1,"a ""b"",\r\nc"\r\n"",""\r\n"2\n\n",d')
    assert found is not None
    assert (found.records, found.spanning.tolist()) == (4, [1, 3, 3])


@pytest.mark.parametrize(
    ("text", "is_plain"),
    [
        (b"a,b\n1,x y\n", True),
        (b"a,b\r\n1,x\r\n", True),
        (b'a,b\n1,"x, y"\n', False),
        (b"a,b\n1, x\n", False),
        (b"a,b\n1 ,x\n", False),
        (b"a,b\n1,x \n", False),
        (b"a,b\r\n1,x \r\n", False),
        (b'a,b\n1," x"\n', False),
        (b"a,b\n1,\xc3\xa9\n", False),
        (b"a,b\n1,x\x07y\n", False),
        (b"a,b\n1,x\x7fy\n", False),
        (b'a,b\n1,"x\ny"\n', False),
        (b"a,b\n1,x ", False),
    ],
)
def test_a_file_is_plain_when_no_cell_can_need_cleaning(tmp_path, text, is_plain):
    path = tmp_path / "file.csv"
    path.write_bytes(text)
    survey = survey_file(path, 0, ",", '"', b"a,b")
    assert survey is not None and survey.is_plain is is_plain


def test_tabs_between_cells_are_plain(tmp_path):
    path = tmp_path / "file.tsv"
    path.write_bytes(b"a\tb\n1\tx\n")
    survey = survey_file(path, 0, "\t", '"', b"a\tb")
    assert survey is not None and survey.is_plain
