# Touchline's house tools. Needs Python 3.11+ and make; everything else is installed into .venv from requirements.lock.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
WORKSPACE := $(or $(TOUCHLINE_HOME),workspace)

SPARK := .venv-spark/bin
SPARK_READY := .venv-spark/.ready
CLUSTER_READY := .venv-cluster/.ready

FIGURES := .pytest_cache/reliability.jsonl

.PHONY: help setup run test test-slow test-browser test-cluster check bench bench-peers reliability docs words site lock

help: ## Say what each target does.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## Make .venv from requirements.lock (again only when it or pyproject.toml changed).

$(READY): requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "Touchline needs Python 3.11 or newer, and '$(PYTHON)' was not found: install it, or name one: make setup PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Touchline needs Python 3.11 or newer, and '$(PYTHON)' is $$($(PYTHON) --version 2>&1): name a newer one: make setup PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(BIN)/python -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || $(PYTHON) -m venv --clear .venv
	@awk '/^uv==/ {inside = 1} inside {print} inside && !/\\$$/ {exit}' requirements.lock > .venv/uv.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r .venv/uv.lock
	@$(BIN)/uv pip sync --quiet --compile-bytecode --python $(BIN)/python --require-hashes requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

run: setup ## Run one night on ./workspace (or $TOUCHLINE_HOME); an empty workspace gets a demo company first.
	@$(BIN)/touchline demo --if-empty --home "$(WORKSPACE)"
	@as_of="$${AS_OF:-$$(cat "$(WORKSPACE)/var/demo_as_of" 2>/dev/null || true)}"; \
		$(BIN)/touchline run --home "$(WORKSPACE)" $${as_of:+--as-of "$$as_of"}
	@echo "The same in one screen: source .venv/bin/activate, then touchline status --home $(WORKSPACE)"

test: setup ## Run the test suite.
	@$(BIN)/python -m pytest -m "not slow and not browser"

test-slow: setup $(SPARK_READY) ## Run the tests that take longer: kills, large data, stories of several nights, other engines, which are installed aside (as root, installs Debian's PostgreSQL if there is none).
	@ls /usr/lib/postgresql/*/bin/pg_ctl >/dev/null 2>&1 || command -v pg_ctl >/dev/null || [ "$$(id -u)" -ne 0 ] \
		|| { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql; } \
		>/dev/null 2>&1 || true
	@$(BIN)/python -m pytest -m slow --ignore=tests/engines
	@$(SPARK)/python -m pytest -m slow -n 0 tests/engines

$(SPARK_READY): requirements-spark.lock | $(READY)
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python .venv-spark
	@$(BIN)/uv pip sync --quiet --python $(SPARK)/python --require-hashes requirements-spark.lock
	@$(BIN)/uv pip install --quiet --python $(SPARK)/python --no-deps --no-build-isolation -e .
	@touch $@

test-cluster: setup $(SPARK_READY) $(CLUSTER_READY) ## Run nights on a cluster of Apache Spark, which is installed aside (half a gigabyte; needs Java 17).
	@SPARK_HOME="$$(echo $(CURDIR)/.venv-cluster/lib/python3*/site-packages/pyspark)" \
		$(SPARK)/python -m pytest -m slow -n 0 tests/engines/test_cluster.py

$(CLUSTER_READY): requirements-cluster.lock | $(READY)
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python .venv-cluster
	@$(BIN)/uv pip sync --quiet --python .venv-cluster/bin/python --require-hashes requirements-cluster.lock
	@touch $@

test-browser: setup ## Run the tests that read the report in a browser (installs Debian's Chromium if there is none; needs root for that).
	@command -v $${CHROMIUM:-chromium} >/dev/null || { apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null; } \
		|| { echo "No Chromium, and it cannot be installed here: install Debian's chromium, or set CHROMIUM to the path of one" >&2; exit 1; }
	@$(BIN)/python -m pytest -m browser -n 0

check: setup ## Lint, types, import rules, SQL style, the catalogue against its SQL and cases, fresh docs.
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/sqlfluff lint sql
	@$(BIN)/python -m sql.docs --check

bench: setup ## Measure a night on a large company, what all marts, alerts, broken rows, a later night and a command cost, and how fast a CRM is asked.
	@$(BIN)/python tests/benchmarks/run.py
	@$(BIN)/python tests/benchmarks/marts.py
	@$(BIN)/python tests/benchmarks/alerts.py
	@PYTHONPATH=. $(BIN)/python tests/benchmarks/extraction.py
	@$(BIN)/python tests/benchmarks/dirt.py
	@$(BIN)/python tests/benchmarks/delta.py
	@$(BIN)/python tests/benchmarks/commands.py

bench-peers: setup ## Measure touchline run beside dbt, dlt, pydantic and Great Expectations, which are installed aside for it.
	@$(BIN)/python tests/benchmarks/peers/run.py

reliability: setup ## Run every test behind a promise of docs/reliability.md, the slow ones too, and write the page.
	@echo "Runs each test that tests/reliability.yaml names: nights killed, disks filled (as root only), files damaged." \
		"This takes about half an hour on two cores; the page is written when all have passed."
	@mkdir -p "$(dir $(FIGURES))" && rm -f "$(FIGURES)"
	@TOUCHLINE_RELIABILITY="$(CURDIR)/$(FIGURES)" $(BIN)/python -m pytest -p tests.reliability \
		$$($(BIN)/python -m tests.reliability_page --tests)
	@$(BIN)/python -m tests.reliability_page "$(FIGURES)"
	@echo "Wrote docs/reliability.md"

docs: setup ## Write the generated pages in docs/, and sql/lineage.json.
	@$(BIN)/python -m sql.docs

words: setup ## Bring the report's catalogues up to date with its texts, and say what waits for a translator.
	@$(BIN)/python -m pipelines.reporting.messages

SITE := .venv-docs/bin
SITE_READY := .venv-docs/.ready

$(SITE_READY): requirements-docs.lock | $(READY)
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python .venv-docs
	@$(BIN)/uv pip sync --quiet --python $(SITE)/python --require-hashes requirements-docs.lock
	@touch $@

site: docs $(SITE_READY) ## Build docs/ as a site in build/site; a broken link fails it.
	@NO_MKDOCS_2_WARNING=1 $(SITE)/mkdocs build --strict --quiet
	@! grep -rnoE '<(script|link|img|iframe)[^>]*(src|href)="?(https?:)?//[^"> ]*' build/site --include='*.html' \
		|| { echo "these pages ask another host: privacy says that none does" >&2; exit 1; }
	@echo "Wrote build/site/index.html; with its search: python3 -m http.server --directory build/site"

lock: $(READY) ## Pin every dependency again (UPGRADE=1 takes newer versions).
	@UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-annotate --extra dev --extra postgres $(if $(UPGRADE),--upgrade) --output-file requirements.lock
	@UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile --group docs --quiet --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-annotate $(if $(UPGRADE),--upgrade) --output-file requirements-docs.lock
	@UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-annotate --extra dev --extra spark --group sail $(if $(UPGRADE),--upgrade) \
		--output-file requirements-spark.lock
	@UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile --group cluster --quiet --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-annotate $(if $(UPGRADE),--upgrade) --output-file requirements-cluster.lock
	@! grep -nE 'https?:|file:|--index|--extra-index|--find-links|^[^#]* @ |/opt' requirements*.lock || { echo "a lock file names an address: it must hold names, versions and hashes only" >&2; exit 1; }
