# One command per need. `make` alone prints this list; every target installs what it lacks.
.DEFAULT_GOAL := help
.PHONY: help up clock reset test prove lint bench migration types lock install

# The gateway's port, and the folder that keeps a stack's data, keys and logs.
PORT ?= 54321
DATA ?= .local
# Tests also wait, so three keep two cores busy; each has a stack of its own (0.5 GB).
WORKERS ?= 3

PYTHON ?= python3
INSTALL = @$(PYTHON) supabase/local/install.py
PLATFORM = .venv/bin/python -m local_platform

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

up: ## the whole platform on http://127.0.0.1:$(PORT), with demo data; Ctrl-C ends it
	$(INSTALL)
	@exec $(PLATFORM) up --port "$(PORT)" --data "$(DATA)"

clock: ## move a running demo ahead and let its jobs run: make clock DAYS=5
	@exec $(PLATFORM) clock --data "$(DATA)" "$(or $(DAYS),1)"

reset: ## throw away the data of the local platform
	$(INSTALL) python
	@exec $(PLATFORM) reset --data "$(DATA)"

test: ## everything, on databases of its own; beside a running `make up` if you like
	$(INSTALL)
	@.venv/bin/python -m pytest -n $(WORKERS)

prove: ## the proofs again, with many more examples and kills; minutes, not seconds
	$(INSTALL)
	@PROVE=1 .venv/bin/python -m pytest -n $(WORKERS) -m proof

lint: ## ruff, mypy, sqlfluff, and the page's own
	$(INSTALL)
	@.venv/bin/python -m ruff format --check .
	@.venv/bin/python -m ruff check .
	@.venv/bin/python -m mypy -p local_platform
	@.venv/bin/python -m mypy functions
	@.venv/bin/python -m mypy tests
	@.venv/bin/python -m sqlfluff lint --processes 2 sql/schema
	@PATH="$(CURDIR)/.venv/bin:$$PATH" npm --prefix web run --silent lint

bench: ## the measured ratios, one table
	$(INSTALL)
	@PYTHONPATH=functions .venv/bin/python -m tests.bench

migration: ## write the next migration: make migration name=add_window_expires_at
	$(INSTALL) python node
	@exec $(PLATFORM) migration "$(name)"

types: ## write web/src/lib/database.types.ts from the schema
	$(INSTALL) python node
	@exec $(PLATFORM) types

lock: ## compile the Python locks after a change of a requirements*.in file
	$(INSTALL) python
	@.venv/bin/python -m pip install --quiet uv
	@for lock in functions/requirements requirements-dev requirements-node \
		tests/bench/rivals/requirements; do \
		.venv/bin/python -m uv pip compile --quiet --universal --python-version 3.11 \
			--generate-hashes --no-emit-index-url --no-header $$lock.in -o $$lock.txt || exit 1; \
	done
