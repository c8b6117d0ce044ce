# Two commands matter: `make run` and `make test`. `make help` lists the rest.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help run test check audit bench screenshots venv lock clean

BIN := .venv/bin
PY := $(BIN)/python
PIP := PIP_CONSTRAINT= $(PY) -m pip --disable-pip-version-check --no-input

help:            ## this list
	@sed -n 's/^\([a-z]*\): *.*## */  make \1\t/p' Makefile

run: .venv/.run                ## a running desk with a demo marketplace on http://127.0.0.1:8000 (HOST, PORT, DATABASE_URL)
	@exec $(PY) -m config.run

test: .venv/.dev               ## the whole suite, on SQLite or on the PostgreSQL that DATABASE_URL names (ARGS="-k word")
	@$(PY) -m pytest $(ARGS)

check: .venv/.dev              ## lint, types, import order, missing migrations
	@$(PY) -m tests.check

audit: .venv/.dev              ## ask whether a package of the lock is known to be vulnerable (needs pypi.org)
	@$(PY) -m tests.audit

bench: .venv/.dev              ## measure against floors and rivals (ONLY=sweep for one)
	@$(PY) -m tests.bench $(ONLY)

screenshots: .venv/.dev        ## take the README's pictures anew (needs Chromium)
	@$(PY) -m tests.journeys.screenshots README.assets

venv: .venv/.dev               ## .venv with everything a developer needs

lock: requirements.in requirements-dev.in    ## compile the hash-pinned requirements anew (needs uv)
	@command -v uv >/dev/null || { echo "uv is not installed. Run: pip install uv"; exit 1; }
	uv pip compile --universal --generate-hashes --no-emit-index-url --no-header --no-strip-extras --python-version 3.11 -q \
	    requirements.in -o requirements.txt
	uv pip compile --universal --generate-hashes --no-emit-index-url --no-header --no-strip-extras --python-version 3.11 -q \
	    requirements-dev.in -c requirements.txt -o requirements-dev.txt

clean:           ## remove .venv and caches; the desk's data in var/ stays
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis

# The stamps hold the checksum of what was installed, so a touched but unchanged lock costs nothing.
.venv/.run: requirements.txt | .venv/bin/python
	@test -e .venv/.dev && cmp -s requirements-dev.txt .venv/.dev && { cp requirements.txt $@; exit 0; }; \
	cmp -s requirements.txt $@ && { touch $@; exit 0; }; \
	echo "Installing what the desk needs (about half a minute, once) ..."; \
	$(PIP) install -q --require-hashes -r requirements.txt && cp requirements.txt $@

.venv/.dev: requirements-dev.txt | .venv/bin/python
	@cmp -s requirements-dev.txt $@ && { touch $@; exit 0; }; \
	echo "Installing what developers need (about a minute, once) ..."; \
	$(PIP) install -q --require-hashes -r requirements-dev.txt && cp requirements-dev.txt $@

.venv/bin/python:
	@for python in "$(PYTHON)" python3 python3.13 python3.12 python3.11; do \
	    test -n "$$python" && "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
	    "$$python" -m venv .venv && exit 0; \
	    rm -rf .venv; \
	    echo "$$python cannot make a virtual environment. On Debian and Ubuntu: apt-get install python3-venv"; exit 1; \
	done; \
	echo "Throughline needs Python 3.11 or newer. Install it, or name one: make $(MAKECMDGOALS) PYTHON=/path/to/python3"; exit 1
