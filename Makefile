# Everything runs inside .venv, which is made again only when the lock or the Python changes.
# Only relative paths, so that the checkout may lie at a path with a space in it.
PYTHON ?= python3
# Without stored bytecode, each process that a test or a notebook starts compiles torch anew.
unexport PYTHONDONTWRITEBYTECODE
VENV := .venv
RUN := $(VENV)/bin/python
READY := $(VENV)/ready
WINDOWS := .venv-window/ready
PAGES := $(wildcard book/* book/*/* book/_live/*/* cvlib/*.py cvlib/*/*.py results/*)

.DEFAULT_GOAL := help
.PHONY: help environment book serve lab test machines execute notebooks downloads release-check lock format lint linkcheck clean

help:  ## Say what can be made
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 18

environment: $(READY)  ## Make .venv with the locked dependencies and the package

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; name it: make PYTHON=python3.11 ..."; exit 1; }
	@$(PYTHON) -c 'import ensurepip' || { echo "Python's venv is missing; on Debian: apt-get install python3-venv"; exit 1; }
	test -x $(RUN) || $(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --disable-pip-version-check uv==$$(sed -n 's/^uv==\([0-9.]*\).*/\1/p' requirements.lock)
	UV_HTTP_TIMEOUT=300 $(RUN) -m uv pip install --quiet --python $(RUN) --require-hashes -r requirements.lock
	$(RUN) -m uv pip install --quiet --python $(RUN) --no-deps --editable .
	@touch $@

# A build of OpenCV that has windows, for the tests that open one: it replaces the headless one.
$(WINDOWS): tests/images/windows.lock $(READY)
	$(RUN) -m uv venv --quiet --allow-existing --python $(RUN) .venv-window
	UV_HTTP_TIMEOUT=300 $(RUN) -m uv pip install --quiet --python .venv-window/bin/python --require-hashes -r tests/images/windows.lock
	@touch $@

book: _build/html/.built  ## Render the book to _build/html
	@echo "Open _build/html/index.html, or run: make serve"

# Sphinx renders again only what was written anew, and then leaves styles and scripts as they were.
_build/html/.built: $(READY) _config.yml _toc.yml $(PAGES)
	@test -z "$$(find book/_* _toc.yml -newer $@ 2>&1)" || rm -rf _build/.doctrees _build/html
	$(VENV)/bin/jupyter-book build . --path-output . --warningiserror --keep-going --nitpick --quiet
	@touch $@

serve: book  ## Render the book and serve it at http://localhost:8000
	$(RUN) -m http.server --bind 127.0.0.1 --directory _build/html 8000

lab: $(READY)  ## Open the notebooks in JupyterLab
	$(RUN) -m jupyterlab book

test: $(READY) $(WINDOWS) book  ## Run every test: unit, doctest, notebooks, site
	$(RUN) -m pytest

machines: $(READY)  ## Run every notebook as other machines would (MACHINES="sse41 home", DEVICE=cuda)
	CVLIB_DEVICE=$(or $(DEVICE),cpu) $(RUN) -m tests.regression.machines $(MACHINES)

coverage: $(READY)  ## Say which lines of the package no test runs; half as slow again
	$(RUN) -m pytest cvlib tests --cov=cvlib --cov-report=term:skip-covered

execute: $(READY)  ## Run every notebook again and store its outputs
	$(RUN) -m book.execute $(NOTEBOOKS)

notebooks: $(READY)  ## Write the chapters in plain Markdown, for Colab, to notebooks/
	$(RUN) -m book.plain notebooks

downloads: book  ## Make the PDF, the EPUB and the archive of the notebooks in _build/downloads
	$(RUN) -m book.downloads _build/downloads

release-check: $(READY)  ## Build the package, install it elsewhere and run notebooks there
	$(RUN) -m tests.release --keep _build/dist

lock: $(READY)  ## Resolve the dependencies anew
	$(RUN) -m uv pip compile pyproject.toml --quiet --all-extras --universal --upgrade --generate-hashes --no-emit-index-url --no-annotate --no-header --output-file requirements.lock
	$(RUN) -m uv pip compile --group pyproject.toml:windows --quiet --universal --python-version 3.11 --upgrade --generate-hashes --no-emit-index-url --no-annotate --no-header --output-file tests/images/windows.lock

format: $(READY)  ## Format code and notebooks
	$(RUN) -m ruff check --fix-only --quiet .
	$(RUN) -m ruff format .

lint: $(READY)  ## Check style, types and prose
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy
	$(RUN) -m tests.prose

linkcheck: $(READY)  ## Follow every link of the book
	$(VENV)/bin/jupyter-book build . --path-output . --builder linkcheck

clean:  ## Remove the rendered book; .venv stays
	rm -rf _build
