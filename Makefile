# Two commands do everything on a fresh Debian or Raspberry Pi OS machine: `make run` and `make test`.
# Both install what they need first (system packages by apt, Python packages from requirements.lock);
# a second run finds everything in place and starts at once.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test bench bench-cards fuzz simulate lint types floors check lock contract gallery clean

run:
	@PYTHON=$(PYTHON) deploy/bootstrap.sh run
	@exec $(BIN)/machikado demo

test:
	@PYTHON=$(PYTHON) deploy/bootstrap.sh test
	@$(MAKE) --no-print-directory check

check: lint types floors
	$(BIN)/pytest -q -n 2 --dist loadfile -m "not serial"
	$(BIN)/pytest -q -m serial

lint:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types:
	$(BIN)/mypy

floors:
	$(BIN)/lint-imports

bench:
	@PYTHON=$(PYTHON) deploy/bootstrap.sh test
	$(BIN)/python -m benchmarks

bench-cards:
	@PYTHON=$(PYTHON) deploy/bootstrap.sh test
	$(BIN)/python -m benchmarks cards

fuzz:
	@PYTHON=$(PYTHON) deploy/bootstrap.sh test
	@$(BIN)/python -c "import atheris" 2>/dev/null || $(BIN)/pip install -q --disable-pip-version-check --group fuzz
	$(BIN)/python -W ignore -m benchmarks.fuzz_cards $(SECONDS) $(TARGETS)

contract:
	$(BIN)/python -m server.api.contract docs/protocol

simulate:
	@PYTHON=$(PYTHON) deploy/bootstrap.sh test
	$(BIN)/machikado simulate --seeds $(or $(SEEDS),10000) --seed $(or $(FROM),0)

gallery:
	@PYTHON=$(PYTHON) deploy/bootstrap.sh run
	$(BIN)/python -m ui.gallery var/gallery

lock:
	$(BIN)/pip install -q uv
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  --all-extras pyproject.toml -o requirements.lock

clean:
	rm -rf $(VENV) var build *.egg-info
