# Everything a contributor or an operator types. `make help` lists it.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/sh

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The Dockerfile installs with the same line, so it is exercised by every run of make.
INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r

export HOST ?= 127.0.0.1
export PORT ?= 8000

.PHONY: help install run test check format lock bench migration clean

## help: list the commands
help:
	@grep -E '^## ' Makefile | sed 's/^## //' | awk -F': ' '{printf "  make %-12s %s\n", $$1, $$2}'

$(VENV)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "需要 Python 3.11 或更高版本（可用 make PYTHON=python3.12 指定）。Python 3.11 or newer is needed; name it with PYTHON=." >&2; exit 2; }
	@$(PYTHON) -m venv $(VENV) || { \
	  echo "无法在此目录创建 .venv：请检查写权限，并安装 python3-venv。Cannot make .venv here: check that the folder is writable and python3-venv is installed." >&2; exit 2; }
	@touch $@

$(VENV)/installed: requirements.txt $(VENV)/python
	@echo "正在安装依赖 / installing from the lock…"
	@$(INSTALL) requirements.txt
	@touch $@

$(VENV)/installed-dev: requirements-dev.txt $(VENV)/installed
	@$(INSTALL) requirements-dev.txt
	@touch $@

$(VENV)/installed-bench: requirements-bench.txt $(VENV)/installed-dev
	@$(INSTALL) requirements-bench.txt
	@touch $@

## install: set up .venv from the lock file, without demo data
install: $(VENV)/installed

## run: set up, seed the demo county on the first run, serve on http://$(HOST):$(PORT)
run: $(VENV)/installed
	@$(BIN)/python -m app.cli demo --serve

## test: the whole suite, on SQLite and on a real PostgreSQL
test: $(VENV)/installed-dev
	@$(BIN)/pytest -q -n 2 --dist loadfile --no-loadscope-reorder

## check: format, lint, types, layers
check: $(VENV)/installed-dev
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-logo >/dev/null || $(BIN)/lint-imports --no-logo

## format: let ruff put the code in order
format: $(VENV)/installed-dev
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --quiet --fix .

## bench: measure, beside a floor and a naive version, into bench/results/
bench: $(VENV)/installed-bench
	@$(BIN)/python -m bench

## migration: draft the next migration from the models (MESSAGE="...")
migration: $(VENV)/installed-dev
	@$(BIN)/python -m app.cli migrate
	@$(BIN)/alembic revision --autogenerate -m "$(MESSAGE)"

## lock: resolve the dependencies anew into the hashed lock files
lock: $(VENV)/python
	@$(BIN)/pip install --quiet --disable-pip-version-check uv
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url pyproject.toml -o requirements.txt
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url -c requirements.txt --group dev pyproject.toml -o requirements-dev.txt
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url -c requirements.txt -c requirements-dev.txt --group bench pyproject.toml -o requirements-bench.txt

## clean: remove what make made, but never the data in var/
clean:
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
