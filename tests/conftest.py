"""For every test: nights are not judged by Great Expectations, which costs seconds each; tests that want it say so."""

import os

os.environ["TOUCHLINE__QUALITY__EXPECTATIONS"] = "false"
