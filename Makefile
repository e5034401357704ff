# Everything a newcomer, a developer and CI type. `make` alone lists it.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules

# Without byte code every run would compile the tests and rewrite their assertions anew: 10 s.
unexport PYTHONDONTWRITEBYTECODE

BIN := .venv/bin
FAST := -m "not slow and not live"
SLOW := -m "slow and not alone and not live"
ALONE := -m "alone and not live"
# These must be covered to the last branch: they decide what a patient is told, and that it arrives.
WHOLLY_COVERED := care/*,texts/*,channels/delivery.py

.PHONY: help setup demo serve check lint test format bench clean

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Make .venv from the locked packages and build the knowledge index (safe to repeat)
	@scripts/setup.sh

demo: setup ## Seed a small county and open a patient's phone and the doctor's inbox on this machine
	@$(BIN)/suifang demo

serve: setup ## Run an installation that is configured in .env
	@$(BIN)/suifang serve

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --explicit-package-bases .
	$(BIN)/lint-imports

check: lint ## Style, types, layers and the fast tests, in under a minute
	$(BIN)/pytest -q $(FAST) -n auto --dist worksteal

test: lint ## Everything that CI runs
	scripts/test-needs.sh
	$(BIN)/coverage erase
	$(BIN)/pytest -q $(FAST) -n auto --dist loadfile --cov --cov-report=
	$(BIN)/pytest -q $(SLOW) -n auto --dist loadfile --cov --cov-append --cov-report=
	$(BIN)/pytest -q $(ALONE) --cov --cov-append --cov-report=
	$(BIN)/coverage report --include='$(WHOLLY_COVERED)' --fail-under=100
	$(BIN)/coverage report --fail-under=95

format: setup ## Put the code into the house's form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: setup ## Measure turns and acknowledgements beside the floor of this machine
	$(BIN)/python -m bench

clean: ## Remove .venv, caches and build folders; the records in var/ stay
	rm -rf .venv build dist .coverage .mypy_cache .pytest_cache .ruff_cache .hypothesis \
		.import_linter_cache tests/peers/node_modules
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
