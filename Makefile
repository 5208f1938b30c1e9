# All development tasks of this project. Each target works by itself in a fresh clone.

# the first Python found, 3.10 or newer; choose another with make PYTHON=...
PYTHON = `sh .ci/find-python`
VENV = .venv
# where an environment has its programs; on Windows make takes the shell of Git
ifeq ($(OS),Windows_NT)
PROGRAMS = Scripts
else
PROGRAMS = bin
endif
BIN = $(VENV)/$(PROGRAMS)
# a worker for each core, and two for the time in which others wait for servers and programs; one that has nothing left
# takes tests from the others
WORKERS = `$(BIN)/python -c 'import os; print((os.cpu_count() or 1) + 2)'`
PYTEST = -m pytest -n $(WORKERS) --dist worksteal
# modules are compiled when they are first imported, which most of them never are
INSTALL = pip install --quiet --no-compile
FUZZ = 500
PAIRS = 5
FAULTS = 50
# with the longest ones of tests/commands left out, which no package of Ellar's takes part in
CORE = tests/commands $(foreach name,create drop graph rebase verify wait,--ignore tests/commands/test_$(name).py) tests/testing/test_fixtures.py $(addprefix tests/test_,standalone.py plugins.py without_ellar.py)
PLUGINS = $(notdir $(patsubst %/pyproject.toml,%,$(wildcard plugins_example/*/pyproject.toml)))

.PHONY: help setup demo test test-long coverage fuzz faults folders lint docs docs-check site pictures bench faults-table fidelity lint-corpus test-all lowest test-lowest core test-core plugins test-plugins dist clean

help:
	@echo 'make demo          run the quick example on SQLite, and then the shop of examples/'
	@echo 'make test          run the test suite on all cores, without what takes long (tests of missing servers are skipped)'
	@echo 'make test-long     run what the suite leaves out, since it takes long, and the example plugins'
	@echo 'make coverage      run all tests but those of the example plugins and measure coverage; fail below the floor'
	@echo 'make fuzz          run random command lines, settings and folders, $(FUZZ) of each kind (FUZZ=...)'
	@echo 'make faults        kill programs at random moments, $(FAULTS) times each (FAULTS=...), and test the other faults'
	@echo 'make folders       test all kinds of folders and applications, with each other; the suite takes those that differ most'
	@echo 'make setup         create a virtual environment in $(VENV) for all other targets'
	@echo 'make lint          run ruff, import-linter and mypy'
	@echo 'make docs          regenerate the generated pages of docs/'
	@echo 'make docs-check    fail if these pages are stale'
	@echo 'make site          build the documentation site in build/site; fail if a link is broken, or a page is in no list'
	@echo 'make pictures      make the pictures of docs/ from runs of the program (PICTURES="status plan" for some); five minutes'
	@echo 'make bench         compare times with Alembic and ellar-sql, and write docs/performance.md (PAIRS=...); an hour or more'
	@echo 'make faults-table  compare what faults leave behind with Alembic, Flask-Migrate and ellar-sql'
	@echo 'make fidelity      compare what migrate sees, of every feature in benchmarks/corpus/, with Alembic'
	@echo 'make lint-corpus   compare what linters say of the revisions in benchmarks/lint_corpus/ with what these do'
	@echo 'make test-all      run the suite on Python 3.10 to 3.13, if installed, and test-lowest'
	@echo 'make test-lowest   run the suite with the lowest versions that pyproject.toml allows'
	@echo 'make test-core     run the tests that need no Ellar, where none is installed'
	@echo 'make test-plugins  test the example plugins, each installed alone, then all together'
	@echo 'make dist          build the wheel and the sdist, check them, and install the wheel'
	@echo 'make clean         remove all that make created'

# pip is upgraded first, since an old one has no --group; the empty files mark finished steps
$(VENV)/made:
	@found=$(PYTHON); test -n "$$found" || { echo 'No Python from 3.10 on was found; name one: make PYTHON=/path/to/python3'; exit 1; }; \
	"$$found" -m venv --clear $(VENV) || { rm -rf $(VENV); echo 'Python made no virtual environment; on Debian and Ubuntu it needs the package python3-venv.'; exit 1; }
	$(BIN)/python -m $(INSTALL) --upgrade 'pip>=25.1'
	@touch $@

$(VENV)/package: $(VENV)/made pyproject.toml
	$(BIN)/$(INSTALL) --editable '.[ellar-sql,async]'
	@touch $@

$(VENV)/all: $(VENV)/made pyproject.toml
	$(BIN)/$(INSTALL) --editable '.[all]' --group dev
	@touch $@ $(VENV)/package

setup: $(VENV)/all

demo: $(VENV)/package
	@PATH="$$(cd $(BIN) && pwd):$$PATH" sh examples/demo .demo

test: setup
	ELLAR_DB_SHORT=1 $(BIN)/python $(PYTEST) tests

test-long: setup
	$(BIN)/python $(PYTEST) -m 'long or sampled' tests
	$(BIN)/python $(PYTEST) plugins_example

coverage: setup
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 12))' || { echo 'Coverage needs Python 3.12 or newer: make clean, then make coverage PYTHON=/path/to/python3.13'; exit 1; }
	$(BIN)/coverage erase
	$(BIN)/coverage run $(PYTEST) tests
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

fuzz: setup
	ELLAR_DB_FUZZ=$(FUZZ) $(BIN)/python $(PYTEST) tests/test_fuzz.py tests/test_sqlite_grammar.py tests/history

# PgBouncer is installed where apt can do it; where it is missing, its tests are skipped
faults: setup
	@if command -v apt-get >/dev/null && test "`id -u`" = 0 && ! command -v pgbouncer >/dev/null; then \
		apt-get install -qq --yes pgbouncer >/dev/null 2>&1 || true; \
	fi
	ELLAR_DB_FAULTS=$(FAULTS) $(BIN)/python $(PYTEST) tests/faults tests/test_writing.py

folders: setup
	ELLAR_DB_FOLDERS=all $(BIN)/python $(PYTEST) tests/test_any_env.py tests/test_foreign_folders.py \
		tests/test_existing_folders.py tests/test_quick_example.py tests/test_passwords.py tests/commands/test_adopt.py

lint: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports --no-logo
	$(BIN)/mypy

docs: setup
	$(BIN)/python -m docs.generate

docs-check: setup
	$(BIN)/python -m docs.generate --check

site: setup
	$(BIN)/python -m docs.site.build build/site

# PostgreSQL and Chromium are needed
pictures: setup
	$(BIN)/python docs/pictures.py $(PICTURES)

bench: setup
	$(BIN)/$(INSTALL) matplotlib
	@failed=0; \
	$(BIN)/python benchmarks/plugins.py || failed=1; \
	$(BIN)/python benchmarks/cost.py || failed=1; \
	$(BIN)/python benchmarks/startup.py --pairs $(PAIRS) --json benchmarks/results/startup.json || failed=1; \
	$(BIN)/python benchmarks/histories.py --pairs $(PAIRS) --json benchmarks/results/histories.json || failed=1; \
	$(BIN)/python benchmarks/histories.py --pairs $(PAIRS) --growth --json benchmarks/results/growth.json || failed=1; \
	$(BIN)/python benchmarks/big_schemas.py --pairs $(PAIRS) --json benchmarks/results/big_schemas.json || failed=1; \
	$(BIN)/python benchmarks/big_schemas.py --pairs $(PAIRS) --growth --json benchmarks/results/growth_of_schemas.json || failed=1; \
	$(BIN)/python benchmarks/fleets.py --pairs $(PAIRS) --json benchmarks/results/fleets.json || failed=1; \
	$(BIN)/python benchmarks/fleets.py --pairs $(PAIRS) --growth --json benchmarks/results/growth_of_fleets.json || failed=1; \
	$(BIN)/python benchmarks/report.py; \
	exit $$failed

faults-table: setup
	$(BIN)/python benchmarks/faults.py

# packages of which the peers' best is measured; where pip can't get one, the output says so
fidelity: setup
	@for package in alembic-pg-autogen sqlalchemy-declarative-extensions; do \
		$(BIN)/$(INSTALL) $$package || echo "$$package could not be installed and is left out."; \
	done
	$(BIN)/python benchmarks/fidelity.py --json benchmarks/results/fidelity.json
	$(BIN)/python -m docs.generate

# the peers are installed in environments of their own; what the revisions do is stored, and measured where it is new
lint-corpus: setup
	$(BIN)/python benchmarks/lint_truth.py
	$(BIN)/python benchmarks/lint.py --json benchmarks/results/lint.json
	$(BIN)/python -m docs.generate

test-all: test-lowest
	@for version in 3.10 3.11 3.12 3.13; do \
		if found=`sh .ci/find-python $$version`; then \
			echo "Python $$version"; \
			$(MAKE) VENV=.venv-$$version PYTHON="$$found" test || exit 1; \
		else \
			echo "Python $$version is not here and is left out."; \
		fi; \
	done

# on the oldest supported Python, if installed, since the lowest versions don't all run on newer ones
lowest: setup
	@found=`sh .ci/find-python 3.10 || sh .ci/find-python`; \
	$(MAKE) VENV=.venv-lowest PYTHON="$$found" .venv-lowest/made
	$(BIN)/python .ci/lowest.py > .venv-lowest/constraints.txt
	.venv-lowest/$(PROGRAMS)/$(INSTALL) --editable '.[all]' --group test --constraint .venv-lowest/constraints.txt

test-lowest: lowest
	ELLAR_DB_FAULTS=3 .venv-lowest/$(PROGRAMS)/python $(PYTEST) tests $(LESS)

# no Ellar, and nothing that only Ellar needs; drivers, which tests use
core:
	@$(MAKE) VENV=.venv-core .venv-core/made
	.venv-core/$(PROGRAMS)/$(INSTALL) --editable '.[postgresql,mysql,async]' --group test
	@if .venv-core/$(PROGRAMS)/python -c 'import ellar' 2>/dev/null; then echo 'ellar-db installs Ellar'; exit 1; fi

test-core: core
	.venv-core/$(PROGRAMS)/python $(PYTEST) --quiet $(CORE)

# installed by pip: each alone, so that the program must find it without a test's sys.path; then all together
.venv-plugins/list: $(wildcard plugins_example/*/pyproject.toml plugins_example/*/*.py plugins_example/*/*/*.py) pyproject.toml
	@rm -rf .venv-plugins
	@$(MAKE) VENV=.venv-plugins .venv-plugins/made
	.venv-plugins/$(PROGRAMS)/$(INSTALL) --editable '.[all]' --group plugins
	.venv-plugins/$(PROGRAMS)/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir .venv-plugins/wheels \
		$(addprefix ./plugins_example/,$(PLUGINS))
	@for plugin in $(PLUGINS) '$(PLUGINS)'; do \
		echo "plugins: $$plugin"; \
		.venv-plugins/$(PROGRAMS)/$(INSTALL) --no-index --find-links .venv-plugins/wheels $$plugin || exit 1; \
		.venv-plugins/$(PROGRAMS)/ellar-db plugins --check > .venv-plugins/list || exit 1; \
		for name in $$plugin; do \
			grep "^$$name .* active " .venv-plugins/list || { echo "$$name is not in use"; exit 1; }; \
		done; \
		test "$$plugin" = '$(PLUGINS)' || .venv-plugins/$(PROGRAMS)/pip uninstall --quiet --yes $$plugin || exit 1; \
	done

plugins: .venv-plugins/list

test-plugins: plugins
	.venv-plugins/$(PROGRAMS)/python $(PYTEST) --quiet plugins_example

# the wheel is built from the sdist, so that whoever builds it from there gets the same
dist:
	@$(MAKE) VENV=.venv-release .venv-release/made
	.venv-release/$(PROGRAMS)/$(INSTALL) --group release
	rm -rf dist
	@mkdir -p build
	.venv-release/$(PROGRAMS)/python -m build --no-isolation --outdir dist > build/log 2>&1 || { cat build/log; exit 1; }
	.venv-release/$(PROGRAMS)/python -m twine check --strict dist/*
	.venv-release/$(PROGRAMS)/python .ci/distribution.py dist

clean:
	rm -rf .venv .venv-* .demo build dist .coverage .coverage.* .pytest_cache .mypy_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
