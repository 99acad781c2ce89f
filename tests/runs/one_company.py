"""Two nights of one demo company in this process's environment: `python -m tests.runs.one_company HOME THREADS SHUFFLE`.

Prints the logical hash of every core and mart table as JSON. SHUFFLE decides in which order the files of each night come
and in which order the rows of a file stand: files are read by name, so each is called by a number of its own. Rows without
updated_at stay in order, for it says which of two is the later.
"""

from __future__ import annotations

import json
import os
import random
import sys
from datetime import timedelta
from pathlib import Path

from pipelines.demo import DEMO_AS_OF, write_demo
from sql import hashing
from tests.runs.conftest import Office

SETTINGS = """
company: {name: Test, timezone: America/New_York, holidays: {default_country: US}}
sources:
  - {name: crm, kind: canonical, path: inbox/crm, timezone: America/New_York}
"""


def main(home: str, threads: str, shuffle: str) -> None:
    office = Office(Path(home), SETTINGS)
    office.environment = {**os.environ, "TOUCHLINE__ENGINE__THREADS": threads}
    made = Path(home) / "made"
    write_demo(made, reps=4, days=40, events=600)
    files = sorted(path for path in made.iterdir() if path.is_file())
    chance = random.Random(shuffle)
    for place, night in enumerate((files[1::2], files[::2])):
        chance.shuffle(night)
        for number, file in enumerate(night):
            deliver(office, file, 100 * place + number, chance)
        office.night(as_of=DEMO_AS_OF - timedelta(days=1 - place))
    hashing.NOT_HASHED = hashing.NOT_HASHED | {
        "core": ("_sequence",)
    }  # of rows without updated_at: the order they came in
    print(json.dumps(office.hashes()))


def deliver(office: Office, file: Path, number: int, chance: random.Random) -> None:
    content = file.read_bytes()
    entity, _, rest = file.name.partition(".")
    if b"updated_at" in content.splitlines()[0] and b'"' not in content:
        header, *rows = content.splitlines(keepends=True)
        chance.shuffle(rows)
        content = b"".join([header, *rows])
    office.deliver(f"{entity}_{number:03}.{rest}", content)


if __name__ == "__main__":
    main(*sys.argv[1:])
