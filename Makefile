# `make run` and `make test` need python 3.11 or newer with venv, and nothing else; each sets itself up.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CONSTRAINTS := constraints.txt

# Tests run in two processes; more threads inside each would only get in each other's way.
TEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run test browser oldest newest check lint accept pictures page-pictures bench validate reproduce train clean

help:
	@echo "make run     run the shipped scenario: DStripes on HBM"
	@echo "make test    run the tests"
	@echo "make oldest, make newest  run them with the oldest versions of libraries that pyproject.toml allows; the newest"
	@echo "make check   everything that is checked: lint, then test"
	@echo "make lint    ruff, mypy --strict, import-linter"
	@echo "make accept  rewrite the outputs shown in README.md and docs/; look at the diff"
	@echo "make pictures  draw the pictures in docs/pictures/ again"
	@echo "make page-pictures  take those of reports again, with a browser"
	@echo "make browser  look at reports in a browser, which must be installed"
	@echo "make bench   measure speed"
	@echo "make validate  measure DRAM against a reference, and coarse runs against exact ones: docs/validation.md"
	@echo "make reproduce  compute the tables and figures of papers again: docs/reproduced/"
	@echo "make train   train the shipped checkpoints again"
	@echo "make clean   remove what make has made"

run: $(VENV)/run.stamp
	@$(BIN)/python -m tlm.run scenarios/dstripes_hbm.yaml

test: $(VENV)/dev.stamp
	@$(TEST)

# Each anew, in a venv of its own. Of torch one version is tested: it is the oldest, and newer ones bring gigabytes.
oldest: VERSIONS := $(PYTHON) .ci/oldest.py
newest: VERSIONS := grep '^torch==' constraints.txt
oldest newest:
	@rm -rf .venv-$@ && $(PYTHON) -m venv .venv-$@
	@$(VERSIONS) > .venv-$@/constraints.txt
	@$(MAKE) --no-print-directory test VENV=.venv-$@ CONSTRAINTS=.venv-$@/constraints.txt

check: lint test

lint: $(VENV)/dev.stamp
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports

accept: $(VENV)/dev.stamp
	@$(BIN)/python tests/documents.py

pictures: $(VENV)/dev.stamp
	@$(BIN)/python docs/pictures/make.py

browser: $(VENV)/browser.stamp
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m browser tests/reports

page-pictures: $(VENV)/browser.stamp
	@$(BIN)/python docs/pictures/pages.py

bench: $(VENV)/dev.stamp
	@$(BIN)/python -m pytest benchmarks --benchmark-enable

validate: $(VENV)/dev.stamp
	@$(BIN)/python benchmarks/validate.py

reproduce: $(VENV)/dev.stamp
	@for paper in dpred dlac precision; do $(BIN)/python -m tlm.reproduce $$paper --out docs/reproduced; done

train: $(VENV)/dev.stamp
	@$(BIN)/python -m nets.train --all

clean:
	rm -rf .venv* build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks
	find tlm nets tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/run.stamp: WHAT := .
$(VENV)/dev.stamp: WHAT := .[dev]
$(VENV)/browser.stamp: WHAT := .[dev,browser]

# pip says what it downloads, and its errors; the stamp is written only where it succeeded.
$(VENV)/%.stamp: pyproject.toml $(CONSTRAINTS)
	@echo "setting up $(VENV): once, and torch takes a while"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@rm -f $@
	@{ $(BIN)/python -m pip install --disable-pip-version-check -c $(CONSTRAINTS) -e '$(WHAT)' && touch $@; } \
		| sed -n '/^ *Downloading .*[0-9] [MG]B)/p; s/^\(Installing collected packages\):.*/\1/p'
	@test -f $@
