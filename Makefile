# What a newcomer types. Every target makes the environment it needs first: in .venv, from the hashed locks in
# requirements/, and again only when a lock, pyproject.toml or the folder's place has changed.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
ARGS ?=
export UV_SYSTEM_CERTS := 1

BIN := .venv/bin
MADE_OF = $(shell (pwd; cat requirements/$(1).txt pyproject.toml .ci/environment) | cksum | cut -d' ' -f1)
EMBEDDED := .venv/.installed-embedded-$(call MADE_OF,embedded)
DEV := .venv/.installed-dev-$(call MADE_OF,dev)
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-emit-index-url --no-annotate

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo '  Each takes more for its command in ARGS, as in: make test ARGS="-n 0 tests/domain"'

.PHONY: demo
demo: $(EMBEDDED) ## End credentials on a real fleet, and see their sockets close
	@$(BIN)/cutoff demo $(ARGS)

.PHONY: up
up: $(EMBEDDED) ## Run a whole fleet on this machine, until Ctrl-C
	@$(BIN)/cutoff up $(ARGS)

.PHONY: test
test: $(DEV) ## Run the tests, on real processes and in a real browser
	@.ci/browser >/dev/null || true
	@.ci/pgbouncer >/dev/null || true
	@$(BIN)/pytest -n 2 $(ARGS)

.PHONY: prove
prove: $(DEV) ## Run the tests that break real processes, search schedules and soak: some minutes
	@$(BIN)/pytest -n 2 -m proof $(ARGS)

.PHONY: faults
faults: $(DEV) ## Break real processes, and measure every bound (JSON=1: an object a row)
	@$(BIN)/python -m tests.faults $(if $(JSON),--json) $(ARGS)

.PHONY: simulate
simulate: $(DEV) ## Search schedules of the pure cores (N=1000000; SEED=17 replays one)
	@$(BIN)/python -m tests.simulation $(if $(SEED),--seed $(SEED),$(N)) $(ARGS)

.PHONY: soak
soak: $(DEV) ## Ten minutes, ten thousand sockets, random faults (SECONDS=60 SOCKETS=1000: the short one)
	@$(BIN)/python -m tests.soak --seconds $(or $(SECONDS),600) --sockets $(or $(SOCKETS),10000) $(ARGS)

.PHONY: bench
bench: $(DEV) ## Measure a fleet beside a hand-written floor (ARGS='--peers': and beside its peers)
	@$(BIN)/cutoff bench $(ARGS)

.PHONY: guard
guard: $(DEV) ## Two minutes of benchmarks that fail on ratios
	@$(BIN)/python -m benchmarks.guard

.PHONY: check
check: $(DEV) ## Lint, format, types, import contracts, compose file, locks
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml
	@! grep -nE '://|--(extra-)?index-url|--find-links' requirements/*.txt || { echo 'A lock names a host.'; exit 1; }

.PHONY: format
format: $(DEV) ## Put the code into its form, and fix what can be fixed
	$(BIN)/ruff check --fix-only
	$(BIN)/ruff format

.PHONY: lock
lock: $(DEV) ## Resolve the requirement locks anew (ARGS=--upgrade: to the newest versions)
	$(COMPILE) $(ARGS) pyproject.toml --extra embedded --extra otel --group build --group dev -o requirements/dev.txt
	$(COMPILE) -c requirements/dev.txt pyproject.toml --extra embedded --group build -o requirements/embedded.txt
	$(COMPILE) -c requirements/dev.txt pyproject.toml --group build -o requirements/runtime.txt
	echo 'uv>=0.13' | $(COMPILE) $(ARGS) - -o requirements/uv.txt

.PHONY: clean
clean: ## Remove the environment and everything that tools left behind
	rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .schemathesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.installed-embedded-%:
	@.ci/environment embedded
	@touch $@

.venv/.installed-dev-%:
	@.ci/environment dev
	@touch $@
