# What one does with this project. `make` lists it.
#
#   PYTHON    the interpreter (3.11 or later); each minor version has an environment of its own, .venv-3.13
#   PORT      of the demo, and of the stack
#   SITE      whose portal they show: demo, sjoviken, bergslunda or region-norra, all made up, or orebro
#   ARGS      more arguments for pytest:  make test ARGS="-k reset"
#   PACKAGES  none: don't look after Debian packages

PYTHON ?= python3
PORT ?= 8000
SITE ?= demo
ARGS ?=
PACKAGES ?= debian

# Asked once, and not before it is needed: a bare machine has no Python until `packages-…` ran.
python_says = $(shell command -v $(PYTHON) >/dev/null && $(PYTHON) -c 'import os, sys; print($(1))')
version = $(or $(asked),$(eval asked := $$(call python_says,"%d.%d" % sys.version_info[:2]))$(asked))
interpreter = $(call python_says,os.path.realpath(sys.executable))
VENV = .venv-$(version)
bin = $(VENV)/bin

# Modules are compiled once, not by each process that a test starts: that is half of its time.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo stack test test-fast slow mutants lint format clean requirements vendor messages screenshots bench bench-quick crash faults fuzz attack \
    packages-demo packages-test packages-develop packages-attack environment-local environment-dev environment-attack \
    with-environment

help:
	@echo 'make demo            the portal with sample people on http://127.0.0.1:8000 (PORT=… SITE=…)'
	@echo 'make stack           …as in production: PostgreSQL, Redis, web, worker and beat, with the sample people (PORT=…)'
	@echo 'make test            the suite, on PostgreSQL, and some of it on SQLite, too (ARGS="-k reset")'
	@echo 'make test-fast       …what needs neither database nor server: seconds'
	@echo 'make slow            …what starts whole installations, breaks servers in the middle, or measures time'
	@echo 'make mutants         …does a test fail if the code says something else? (docs/mutants.md)'
	@echo 'make lint            style, types, the floors, words and sizes, migrations'
	@echo 'make format          mends what can be mended of style'
	@echo 'make messages        collects the texts for locale/en and compiles them'
	@echo 'make requirements    pins the dependencies of pyproject.toml (UPGRADE=--upgrade: the newest)'
	@echo 'make vendor          fetches the base of the style sheet anew'
	@echo 'make screenshots     every page in two widths, light and dark: var/screenshots/; docs/screenshots/ gets those of a document'
	@echo 'make bench           what a reset costs under load, as in production; the daily mail; the pages of staff (docs/performance.md)'
	@echo 'make bench-quick     a reset before and after: the working tree beside a commit, by turns (BASE=commit)'
	@echo 'make crash           1,000 mails in bad weather: worker, Redis and PostgreSQL break in the middle; 2,000 at once'
	@echo 'make faults          what people see, and what is lost, while one part after the other breaks (docs/faults.md; ARGS=--short)'
	@echo 'make fuzz            mails that nobody wrote, read for five minutes (FOR=seconds)'
	@echo 'make attack          stories of attackers, and their tools, against a stack on this machine (ARGS=--short: a minute)'
	@echo 'make clean           removes environments, caches and the demo'

# --- What a person runs ---------------------------------------------------------------------------

demo: packages-demo
	@$(MAKE) --no-print-directory environment-local
	@exec $(bin)/python -m deploy.local demo --port $(PORT) --site '$(SITE)'

stack: packages-test
	@$(MAKE) --no-print-directory environment-local
	@exec $(bin)/python -m deploy.local stack --port $(PORT) --site '$(SITE)'

# PostgreSQL is what the portal runs on; what asks much of a database is tried on SQLite, too, on which the demo runs
# (tests/suite.py).
test: packages-test
	@$(MAKE) --no-print-directory environment-dev
	@exec setpriv --pdeathsig TERM $(bin)/python -m tests.suite $(ARGS)

test-fast: packages-demo
	@$(MAKE) --no-print-directory environment-dev
	@exec env -u DATABASE_URL -u DATABASE_URL_FILE $(bin)/python -m pytest -m pure -n auto $(ARGS)

slow: packages-test
	@$(MAKE) --no-print-directory environment-dev
	@exec setpriv --pdeathsig TERM $(bin)/python -m tests.suite --slow $(ARGS)

mutants: packages-test
	@$(MAKE) --no-print-directory environment-dev
	@DATABASE_URL=sqlite://:memory: $(bin)/mutmut run $(ARGS)
	@$(bin)/mutmut results

lint: packages-demo
	@$(MAKE) --no-print-directory environment-dev
	$(bin)/ruff check .
	$(bin)/ruff format --check .
	$(bin)/mypy .
	$(bin)/lint-imports
	$(bin)/python -m pytest -q --noconftest -p no:django -p no:cacheprovider -W ignore tests/test_names.py tests/test_docs.py
	DEBUG=1 DATABASE_URL=sqlite://:memory: $(bin)/python manage.py makemigrations --check --dry-run --skip-checks

format: packages-demo
	@$(MAKE) --no-print-directory environment-dev
	$(bin)/ruff check --fix .
	$(bin)/ruff format .

# For root, PostgreSQL's data of the stack lie outside.
clean:
	test ! -L var/stack/postgres || rm -rf "$$(readlink var/stack/postgres)"
	rm -rf .venv-* var mutants .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis node_modules
	find . -name .git -prune -o -name __pycache__ -type d -exec rm -rf {} +

# --- What is generated and committed --------------------------------------------------------------

# Keeps what is pinned and still fits; UPGRADE=--upgrade takes the newest of everything. No address of a package
# index may end up in these files: they are installed from wherever the machine is set up to.
UPGRADE ?=
compile = UV_CUSTOM_COMPILE_COMMAND='make requirements' $(bin)/uv pip compile --quiet --universal $(UPGRADE) \
    --python-version 3.11 --no-emit-index-url --no-emit-find-links pyproject.toml
requirements: packages-demo
	@$(MAKE) --no-print-directory environment-dev
	$(compile) --output-file requirements.txt
	$(compile) --extra local --constraint requirements.txt --output-file requirements-local.txt
	$(compile) --extra dev --extra local --constraint requirements-local.txt --output-file requirements-dev.txt
	$(subst pyproject.toml,--group attack,$(compile)) --output-file requirements-attack.txt

messages: packages-develop
	@$(MAKE) --no-print-directory environment-dev
	DEBUG=1 $(bin)/python manage.py makemessages --locale en --no-obsolete --no-location \
	    --ignore '.venv*' --ignore var --ignore node_modules --ignore tests
	DEBUG=1 $(bin)/python manage.py compilemessages --locale en --ignore '.venv*'

vendor: packages-develop
	deploy/vendor/fetch

screenshots: packages-develop
	@$(MAKE) --no-print-directory environment-dev
	$(bin)/python -m tests.screenshots

bench: packages-test
	@$(MAKE) --no-print-directory environment-dev
	@failed=0; $(bin)/python -m tests.bench.journey $(ARGS) || failed=1; \
	for each in helpdesk directory; do \
	    echo; $(beside_postgres) $(bin)/python -m tests.bench.$$each || failed=1; \
	done; exit $$failed

# Under two minutes, if both pin the same packages.
BASE ?= HEAD
bench-quick: packages-test
	@$(MAKE) --no-print-directory environment-dev
	@$(bin)/python -m tests.bench.compare $(BASE) $(ARGS)

beside_postgres = LOG_LEVEL=WARNING DJANGO_SETTINGS_MODULE=tests.settings $(bin)/python -m tests.servers.postgres --

crash: packages-test
	@$(MAKE) --no-print-directory environment-dev
	@$(bin)/python -m tests.notifications.crash 1000
	@$(beside_postgres) $(bin)/python -m tests.helpdesk.flood 2000

faults: packages-test
	@$(MAKE) --no-print-directory environment-dev
	@$(bin)/python -m tests.faults $(ARGS)

FOR ?= 300
fuzz: packages-test
	@$(MAKE) --no-print-directory environment-dev
	@$(bin)/python -m tests.helpdesk.fuzz --seconds $(FOR)

# Wapiti, sqlmap and their like: minutes for each form. Their tables are in docs/security.md.
attack: packages-attack environment-attack
	@$(MAKE) --no-print-directory environment-dev
	@LOG_LEVEL=WARNING DJANGO_SETTINGS_MODULE=tests.settings $(bin)/python -m tests.attack $(ARGS)

# --- What these stand on --------------------------------------------------------------------------

packages-demo packages-test packages-develop packages-attack:
	@test '$(PACKAGES)' = none || deploy/debian/install $(@:packages-%=%)

environment-local:
	@$(MAKE) --no-print-directory with-environment FILE=requirements-local.txt
environment-attack: .venv-attack/installed
environment-dev:
	@$(MAKE) --no-print-directory with-environment FILE=requirements-dev.txt

# Made anew if the pins or the interpreter are newer than it is. Python compiles what is used when it is used: not the half
# that nobody imports.
with-environment: $(VENV)/installed-$(FILE)
	@:

$(VENV)/installed-$(FILE): $(FILE) $(interpreter)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo '$(PYTHON) is Python $(version); 3.11 or later is needed: make PYTHON=python3.13 …' >&2; exit 1; }
	@echo 'Installing $(FILE) into $(VENV)…'
	@$(PYTHON) -m venv $(VENV)
	@$(bin)/python -m pip install --quiet --disable-pip-version-check --no-compile --requirement $(FILE)
	@touch $@

.venv-attack/installed: requirements-attack.txt
	@echo 'Installing requirements-attack.txt into .venv-attack…'
	@$(PYTHON) -m venv .venv-attack
	@.venv-attack/bin/python -m pip install --quiet --disable-pip-version-check --no-compile --requirement $<
	@touch $@
