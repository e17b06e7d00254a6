# `make` alone lists the commands. Each one makes the environment that it needs.
PYTHON ?= python3
VENV ?= .venv
LEGACY ?= .legacy
WORKERS ?= auto
FIRST ?= 0
PROGRAMS ?= 1000

BIN := $(VENV)/bin
INSTALLED := $(VENV)/installed
LEGACY_INSTALLED := $(LEGACY)/installed
# The first interpreter at hand that flax 0.6.11 can be installed on.
LEGACY_PYTHON ?= $(shell for p in "$(PYTHON)" python3.11 python3.10; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info[:2] not in {(3, 10), (3, 11)})' 2>/dev/null \
	&& echo "$$p" && break; done)

.PHONY: help demo test sweep check format goldens benchmark scale packages clean

help: ## list the commands
	@sed -n 's/^\([a-z]*\):.*## /make \1\t/p' Makefile

demo: $(INSTALLED) legacy-if-possible ## migrate a real legacy package, and verify that the numbers stay
	$(BIN)/python benchmarks/packages/demo.py --legacy-python $(LEGACY)/bin/python

test: $(INSTALLED) ## run the tests
	$(BIN)/python -m pytest -n $(WORKERS)

sweep: $(INSTALLED) ## judge PROGRAMS random programs and as many random projects, from number FIRST on
	JAX_PLATFORMS=cpu $(BIN)/python tests/generated/sweep.py --first $(FIRST) --count $(PROGRAMS)
	JAX_PLATFORMS=cpu $(BIN)/python tests/generated/sweep.py --projects --first $(FIRST) --count $(PROGRAMS)

check: $(INSTALLED) ## lint, formatter and strict types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(INSTALLED) ## let the formatter and the linter mend what they can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

goldens: $(LEGACY_INSTALLED) ## record the before-probes of the fixtures on flax 0.6.11
	JAX_PLATFORMS=cpu $(LEGACY)/bin/python fixtures/record.py

benchmark: $(INSTALLED) ## measure the speed beside other tools; writes docs/benchmarks.md
	$(BIN)/python benchmarks/codemod/run.py

scale: $(INSTALLED) ## measure runs over up to 20,000 files; writes the end of docs/scale.md
	$(BIN)/python benchmarks/codemod/scale.py

packages: $(INSTALLED) legacy-if-possible ## migrate the published legacy packages; writes docs/packages.md
	$(BIN)/python benchmarks/packages/run.py --legacy-python $(LEGACY)/bin/python

clean: ## remove the environments and what the tools left behind
	rm -rf $(VENV) $(LEGACY) build dist .mypy_cache .pytest_cache .ruff_cache

.PHONY: legacy-if-possible
legacy-if-possible:
	@$(MAKE) --no-print-directory $(LEGACY_INSTALLED) \
	|| echo "No legacy environment: the deprecated cells of rnn_runtime stand in for it."

$(INSTALLED): setup.cfg pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

$(LEGACY_INSTALLED): fixtures/legacy-requirements.txt
	@test -n "$(LEGACY_PYTHON)" || { echo "flax 0.6.11 needs Python 3.10 or 3.11: set LEGACY_PYTHON" >&2; exit 1; }
	$(LEGACY_PYTHON) -m venv $(LEGACY)
	$(LEGACY)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --requirement $<
	touch $@
