# Two commands on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
BIN = .venv/bin
SAMPLES = corpora/samples
export MYPY_CACHE_DIR = .mypy_cache

.PHONY: demo test check format model notebooks screenshots seal clean

.venv/ready: requirements-dev.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	$(BIN)/python -m compileall -q pipeline service  # where nobody may write bytecode later, each start would compile
	touch $@

demo: .venv/ready ## the main job on the sample county: a summary here, a report and a table in out/
	mkdir -p out
	$(BIN)/minyi triage $(SAMPLES)/messages.xlsx $(SAMPLES)/hotline.csv $(SAMPLES)/notes.txt $(SAMPLES)/letter.docx \
	    $(SAMPLES)/forwarded.jsonl --places $(SAMPLES)/places.csv --members $(SAMPLES)/members.csv --stations $(SAMPLES)/stations.csv -o out/report.html \
	    || test $$? -eq 1  # the sample file holds bad rows on purpose
	$(BIN)/minyi triage $(SAMPLES)/messages.xlsx --places $(SAMPLES)/places.csv --members $(SAMPLES)/members.csv --stations $(SAMPLES)/stations.csv -o out/table.xlsx
	@echo "报告：out/report.html    表格：out/table.xlsx"

test: .venv/ready ## all tests
	$(BIN)/python -m pytest -n auto --dist loadfile

check: .venv/ready ## formatting, lint with docstrings, types, corpora
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/minyi corpora check

format: .venv/ready
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

model: .venv/ready ## train the model that ships, from corpora/ alone
	MINYI_MODELS= $(BIN)/minyi train --base corpora --name base
	$(BIN)/python -c "from pathlib import Path; from pipeline.train import train_language; train_language(Path('models/language'))"

notebooks: .venv/ready ## run the notebooks, each in a clean kernel, and write their pages to docs/notebooks
	PYTHONPATH=. $(BIN)/python notebooks/render.py

screenshots: .venv/ready ## take the pictures in docs/screenshots anew; needs Chromium
	PYTHONPATH=. $(BIN)/python docs/screenshots/take.py

seal: .venv/ready ## write corpora/manifest.csv after a change of corpora/
	$(BIN)/minyi corpora seal

clean:
	rm -rf .venv out build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
