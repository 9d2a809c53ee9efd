# Everything runs from the project's folder with the Python of .venv; `make help` lists the commands.
SHELL := bash
.DEFAULT_GOAL := help

# A Python works if it is of a version that the lock supports; pyenv has more than it puts on PATH.
works = $(shell $(1) -c 'import sys; sys.exit(sys.version_info[:2] not in [(3, 11), (3, 12), (3, 13)])' 2>/dev/null && echo $(1))
first = $(firstword $(call works,python$(1)) $(foreach path,$(wildcard $(HOME)/.pyenv/versions/$(1).*/bin/python),$(call works,$(path))))
PYTHON ?= $(firstword $(call first,3.11) $(call first,3.12) $(call first,3.13) $(call works,python3))
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: help install extras browser run quick serve test check pythons fast lint types generated dvc readme notes sample lock clean

##@ begin here
help: ## list the commands
	@awk '/^##@ / { printf "%s%s:\n", gap, substr($$0, 5); gap = "\n" } \
	    /^[a-z-]+:.*## / { split($$0, part, /:.*## /); printf "  make %-9s %s\n", part[1], part[2] }' $(MAKEFILE_LIST)

##@ set up
install: .venv/installed .venv/extras ## build .venv from the locks

extras: .venv/installed ## try again to add the tools for RAM and NPU cycles
	@rm -f .venv/extras && $(MAKE) --no-print-directory .venv/extras && test ! -s .venv/extras

browser: install ## what the browser tests need besides Chromium and Node
	@VIRTUAL_ENV=.venv uv pip install --quiet --require-hashes --compile-bytecode -r tests/browser/requirements.lock
	@npm ci --silent --prefix tests/browser

##@ run the pipeline
run: install ## the whole pipeline on the real data
	@python -m flows retrain --offline-fallback $$(cat .venv/extras)

quick: install ## the same with small budgets, in its own workspace
	@python -m flows retrain --profile quick

serve: install ## Prefect server, worker, and both deployments
	@python -m flows serve

# Three processes, since some tests wait for servers and schedules more than two cores can use; each test runs with those of
# its group, in the order that tests/conftest.py gives them.
SPREAD = -n 3 --dist loadgroup --no-loadscope-reorder

# Else each of hundreds of processes compiles the project anew where the environment asks to keep no bytecode.
test fast: export PYTHONDONTWRITEBYTECODE :=

##@ check a change
test: install ## the whole test suite
	@python -m pytest $(SPREAD)

check: lint types generated fast ## lint, types, generated files, fast tests

lint: install
	@ruff check --quiet && ruff format --check --quiet && lint-imports --no-logo >/dev/null || { lint-imports; exit 1; }

types: install
	@mypy

generated: install
	@for name in dvc versions schema readme notes sample; do python -m tasks $$name --check || exit 1; done
	@python -m benchmarks.readme --check

fast: install
	@python -m pytest -m "not slow and not browser" $(SPREAD)

# The fast tests on the other versions of Python, each in its own environment.
MAIN = $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])')
OTHERS = $(strip $(foreach version,3.11 3.12 3.13,$(if $(filter-out $(MAIN),$(version)),$(if $(call first,$(version)),$(version)))))
pythons: $(foreach version,$(OTHERS),.venv-$(version)/installed) ## the fast tests on the other Pythons that are here
	@for version in $(OTHERS); do \
	    echo "Python $$version" && .venv-$$version/bin/python -m pytest -m "not slow and not browser" $(SPREAD) || exit 1; \
	done

##@ write committed files
dvc: install ## write dvc.yaml from the steps
	@python -m tasks dvc

readme: install ## write the results of README.md and benchmarks/README.md
	@python -m tasks readme
	@python -m benchmarks.readme

notes: install ## write docs/optimization-notes.md from the metrics
	@python -m tasks notes

sample: install ## put the last report into docs/, with a picture of its top
	@python -m tasks sample

##@ keep up
lock: install ## resolve the dependencies again
	@uv pip compile -q --universal --generate-hashes --python-version 3.11 --extra dev --no-emit-index-url --no-header \
	    --upgrade pyproject.toml -o requirements.lock
	@python -c '$(DEVICE_EXTRAS)' | uv pip compile -q --universal --generate-hashes --python-version 3.11 \
	    --no-emit-index-url --no-header --no-annotate -c requirements.lock - -o requirements-device.lock
	@echo playwright | uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-emit-index-url --no-header \
	    --no-annotate -c requirements.lock - -o tests/browser/requirements.lock
	@python -m tasks versions

# The extras alone; what they need is pinned as in the main lock.
DEVICE_EXTRAS = import tomllib; extras = tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]; \
    print(*(line for name, lines in extras.items() if name != "dev" for line in lines), sep="\n")

clean: install ## remove workspaces with the nights' history, and resumed state
	@python -m tasks clean

# uv is itself pinned in the lock: pip installs that one line, uv the rest (in half a minute instead of three).
define make-environment
	@test -n "$(1)" || { echo "Python 3.11, 3.12 or 3.13 is needed and was not found." >&2; exit 1; }
	@echo "making $(2) from requirements.lock, which takes some minutes where nothing is cached ..." >&2
	@$(1) -m venv --clear $(2)
	@sed -n '/^uv==/,/[^\\]$$/p' requirements.lock > $(2)/uv.txt
	@$(2)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(2)/uv.txt
	@VIRTUAL_ENV=$(2) $(2)/bin/uv pip install --quiet --require-hashes --compile-bytecode -r requirements.lock
	@touch $@
endef

.venv/installed: requirements.lock
	$(call make-environment,$(PYTHON),.venv)

# Not every machine can have them (docs/decisions/0009). The file then holds an option for `make run`.
.venv/extras: requirements-device.lock .venv/installed
	@echo "adding the tools for RAM and NPU cycles ..." >&2
	@if VIRTUAL_ENV=.venv uv pip install --quiet --require-hashes --compile-bytecode -r requirements-device.lock; then \
	    : > $@; \
	else \
	    echo "note: RAM and NPU cycles will not be measured here; make run uses profiles/portable.yaml" >&2; \
	    echo "--profile portable" > $@; \
	fi

.venv-%/installed: requirements.lock
	$(call make-environment,$(call first,$*),.venv-$*)
