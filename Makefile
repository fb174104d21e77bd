# What developers run by hand. `.ci/run` is what counts; everything else here is a part of it, or a tool.

VENV ?= .venv
BIN ?= $(VENV)/bin
PYTHON ?= $(BIN)/python
DIGESTS ?= build/digests.json

.DEFAULT_GOAL := help
.PHONY: help check lint types test slow emulated bench screenshots reference coverage schema digests

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

check: ## all that has to pass, in environments of its own (.ci/run)
	bash .ci/run

lint: ## format and lint, as a check
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: ## types, and which room may import which
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

test: ## all tests but the slow ones
	$(BIN)/pytest

slow: ## the slow tests alone: presets of minutes, compiled steps
	$(BIN)/pytest -m "slow and not emulated_cuda"

emulated: ## what the engine does on a GPU, on two that are emulated
	$(BIN)/pytest -m "emulated_cuda and not slow"

bench: ## steps a second on this machine; benchmarks/ has the other measurements
	$(PYTHON) -m grok_tui bench

gpu: ## whether grok-tui runs on this machine's GPU (docs/gpu.md)
	$(PYTHON) benchmarks/gpu.py --out build/gpu

screenshots: ## docs/*.svg, from real runs
	$(PYTHON) docs/screenshots.py

reference: ## docs/presets.md, from the declarations
	$(PYTHON) -m grok_tui.reference > docs/presets.md.new
	mv docs/presets.md.new docs/presets.md

coverage: ## docs/coverage.md, from presets and statements
	$(PYTHON) -m grok_tui coverage --markdown docs/coverage.md > /dev/null

schema: ## the JSON schema of the report
	$(PYTHON) -m grok_tui.frontend.report > grok_tui/frontend/report.schema.json.new
	mv grok_tui/frontend/report.schema.json.new grok_tui/frontend/report.schema.json

digests: ## keep what runs come out as, bit for bit; the second time, compare with what was kept
	@mkdir -p $(dir $(DIGESTS))
	$(PYTHON) benchmarks/digests.py $(if $(wildcard $(DIGESTS)),--compare,--write) $(DIGESTS)
