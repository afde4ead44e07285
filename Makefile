# Everything on a fresh machine: needs only Python 3.11 or newer (with venv) and make.
# What is installed comes from the hashed lists in requirements/, into .venv/.

.DEFAULT_GOAL := help
.PHONY: help demo test test-ops faults bench lint advisories sbom lock dashboards clean

found_python = $(shell for p in python3.11 python3 python3.12 python3.13; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
PYTHON ?= $(found_python)
BIN := .venv/bin
UV := .venv/tools/bin/uv
SYNC := $(UV) pip sync --require-hashes --build-constraints requirements/build.txt
INSTALL := $(UV) pip install --quiet --no-deps --build-constraints requirements/build.txt --editable .
COMPILE := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-emit-index-url --no-emit-find-links
SOURCES := hatch_build.py pyproject.toml $(shell find agents app schemas -name '*.py' -o -name '*.[ch]')
# With these, Python finds the packages as they were compiled before it finds their sources.
COMPILED := PYTHONSAFEPATH=1 PYTHONPATH=$(CURDIR)/.venv/compiled:$(CURDIR)
OF_THE_HOT_PATH := tests/domain tests/agents tests/engine tests/test_agreement.py tests/test_compiled.py
PEERS := $(basename $(wildcard tests/bench/peers/requirements/*.in))
LISTS := pyproject.toml requirements/build.txt requirements/uv.txt
export VIRTUAL_ENV := $(CURDIR)/.venv

# uv does not read pip's settings; someone behind a package mirror has set it there.
ifdef PIP_INDEX_URL
export UV_DEFAULT_INDEX ?= $(PIP_INDEX_URL)
endif

help: ## show this
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

demo: .venv/.compiled ## broker, worker, load and a live board; ends with a verdict. ARGS="--seconds 30 --json"
	@exec env $(COMPILED) $(BIN)/giftstream demo $(ARGS)

test: .venv/.dev .venv/.compiled ## all tests, none skipped. ARGS="tests/domain -k windows" runs some
ifdef ARGS
	$(BIN)/pytest $(ARGS)
else
	$(BIN)/pytest --no-skips -n 2 -m "not broker and not ops"
	$(COMPILED) $(BIN)/pytest --no-skips -n 2 -m "not broker and not ops" $(OF_THE_HOT_PATH)
	$(COMPILED) $(BIN)/pytest --no-skips -m "broker and not ops"
endif

test-ops: .venv/.dev .venv/.compiled .venv/prometheus ## alerts, metrics and dashboards against a real Prometheus
	$(COMPILED) $(BIN)/pytest --no-skips -m ops $(ARGS)

faults: .venv/.dev .venv/.compiled ## kill, pause and restart workers and brokers, then recount. ARGS="--short" or "--list"
	@exec env $(COMPILED) $(BIN)/python -m tests.faults $(ARGS)

bench: .venv/.dev .venv/.compiled ## giftstream and its peers side by side, in an hour. ARGS=--quick, or alone: backlog, takeover, metrics
	@exec env $(COMPILED) $(BIN)/python -m tests.bench $(ARGS)

lint: .venv/.dev ## style, types, direction of imports, compose file, Dockerfile
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec compose/compose.yaml
	$(BIN)/hadolint compose/Dockerfile

advisories: .venv/.supply ## known weaknesses of the packages in the hashed lists; asks the network, so no test does it
	for list in runtime build uv dev; do \
		.venv/supply/bin/pip-audit --strict --require-hashes --disable-pip -r requirements/$$list.txt || exit; done

sbom: .venv/.supply ## bill of materials of what the image installs, into sbom.json (CycloneDX)
	.venv/supply/bin/cyclonedx-py requirements requirements/runtime.txt --pyproject pyproject.toml \
		--output-reproducible --validate -o sbom.json

lock: .venv/.runtime ## renew the hashed lists of packages and jars; ARGS=--upgrade takes the newest versions
	$(COMPILE) $(ARGS) pyproject.toml --extra dev -o requirements/dev.txt
	$(COMPILE) $(ARGS) pyproject.toml -c requirements/dev.txt -o requirements/runtime.txt
	$(COMPILE) $(ARGS) --group build -o requirements/build.txt
	$(COMPILE) $(ARGS) requirements/uv.in -o requirements/uv.txt
	$(COMPILE) $(ARGS) requirements/supply.in -o requirements/supply.txt
	for peer in $(PEERS); do $(COMPILE) $(ARGS) $$peer.in -o $$peer.txt || exit; done
	$(BIN)/python -m app.broker.renew_list

dashboards: .venv/.dev ## write compose/grafana/dashboards/ anew
	$(BIN)/python -m compose.grafana.generate

clean: ## remove .venv and what the tools left here (the broker's files stay in the user's cache)
	rm -rf .venv sbom.json .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Set-up writes to stderr, so that `make demo ARGS=--json` leaves one line on stdout.
$(UV): requirements/uv.txt
	@test -n "$(PYTHON)" || { echo 'No Python 3.11 or newer found. Install it, or name it: make PYTHON=...' >&2; exit 1; }
	@echo 'Making .venv with $(PYTHON)' >&2
	@$(PYTHON) -m venv --clear .venv >&2 || { echo '$(PYTHON) cannot make a venv.' \
		'On Debian and Ubuntu: apt-get install python3-venv' >&2; exit 1; }
	@$(BIN)/python -m pip install --require-hashes --target .venv/tools -r $< >&2
	@touch $@

# The development list holds everything of the runtime list, at the same versions.
.venv/.runtime: requirements/runtime.txt $(LISTS) | $(UV)
	@echo 'Installing $<' >&2
	@$(SYNC) $< >&2 && $(INSTALL) >&2 && touch $@

.venv/.dev: requirements/dev.txt $(LISTS) | $(UV)
	@echo 'Installing $<' >&2
	@$(SYNC) $< >&2 && $(INSTALL) >&2 && touch .venv/.runtime $@

# Tools that look at the lists, in an environment of their own: they are no part of what they look at.
.venv/.supply: requirements/supply.txt | $(UV)
	@echo 'Installing $<' >&2
	@$(BIN)/python -m venv --clear .venv/supply >&2
	@VIRTUAL_ENV=$(CURDIR)/.venv/supply $(UV) pip sync --quiet --require-hashes $< >&2 && touch $@

# The hot path compiled by mypyc, which takes half a minute and a C compiler. Without one, all goes on in plain Python.
# It is built from an archive of the sources, not among them, so that no stale library is ever found in their place.
.venv/.compiled: $(SOURCES) | .venv/.runtime
	@echo 'Compiling the hot path, about half a minute' >&2
	@rm -rf .venv/compiled .venv/wheel
	@{ HATCH_BUILD_HOOKS_ENABLE=true $(UV) build --quiet --require-hashes \
		--build-constraints requirements/build.txt --python $(BIN)/python --out-dir .venv/wheel . && \
		$(UV) pip install --quiet --no-deps --target .venv/compiled .venv/wheel/*.whl; } >.venv/compile.log 2>&1 || \
		{ rm -rf .venv/compiled; echo 'That failed (see .venv/compile.log; it needs a C compiler and the headers' \
		'of Python): going on in plain Python, which counts the same at a third of the speed' >&2; }
	@touch $@

# Prometheus and promtool from Debian's package, unpacked and not installed: no service is started, and only where apt has no
# lists yet it takes root. Those in the PATH are used as they are.
.venv/prometheus: | .venv/.dev
	@command -v prometheus >/dev/null && command -v promtool >/dev/null || { \
		echo 'Fetching the package prometheus' >&2; \
		rm -rf .venv/deb && mkdir -p .venv/deb && cd .venv/deb && \
		{ apt-get download -q prometheus || { test "$$(id -u)" = 0 && apt-get update -q && \
			apt-get download -q prometheus; }; } >&2 && \
		dpkg -x prometheus_*.deb unpacked && mv unpacked ../prometheus; } || { \
		echo 'Prometheus could not be fetched. On Debian and Ubuntu do apt-get update as root, then try again;' \
			'elsewhere put prometheus and promtool into the PATH' >&2; exit 1; }
	@mkdir -p $@
