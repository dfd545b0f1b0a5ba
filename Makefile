# Everything a developer or CI runs. On a fresh machine it needs Python 3.11+ and make, nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SAMPLE := dev/datasets/msra-windows-sysmon.log

.PHONY: install replay test test-slow test-browser lint package bench clean

install: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml dev/constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -c dev/constraints.txt -e '.[dev]'
	touch $@

replay: install
	$(BIN)/replay run $(SAMPLE)

test: install
	$(BIN)/pytest -n auto -m "not slow and not browser"

# contentctl and the JavaScript SDK, fetched once into environments of their own; what takes minutes.
test-slow: install
	$(BIN)/pytest -m slow

# The dashboards and the report in headless Chromium; npm fetches Splunk's packages once. Says what is missing.
test-browser: install
	$(BIN)/pytest -n 0 -m browser tests/browser

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/replay lint

# How fast it is, beside what it cannot be faster than. Some minutes; keep the machine idle.
bench: install
	PYTHONPATH=dev $(BIN)/python -m bench.search
	$(BIN)/python dev/bench/rbaenrich.py

clean:
	rm -rf build lib $(VENV) $(PACKAGE_VENV)

PACKAGE_VENV := .venv-package

package: $(PACKAGE_VENV)/.installed
	$(PACKAGE_VENV)/bin/python dev/build.py

$(PACKAGE_VENV)/.installed: dev/package-requirements.txt
	$(PYTHON) -m venv $(PACKAGE_VENV)
	$(PACKAGE_VENV)/bin/pip install --quiet --disable-pip-version-check -r $<
	touch $@
