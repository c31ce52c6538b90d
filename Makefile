# Two commands: `make live` runs the product, `make test` checks it. Neither needs root; the first needs no torch.
PYTHON ?= python3
ARGS ?=
LIVE := .venv
TEST := .venv-test
EVALUATE := .venv-evaluate
BUNDLE ?= assets/bundles/portrait-s

.PHONY: live test test-devices evaluate clean

live: $(LIVE)/.ready
	@$(LIVE)/bin/python run_live.py $(ARGS)

test: $(TEST)/.ready
	$(TEST)/bin/ruff check .
	$(TEST)/bin/ruff format --check .
	$(TEST)/bin/lint-imports
	$(TEST)/bin/mypy
	$(TEST)/bin/python -m pytest

# On the kernel's own cameras, in two virtual machines without special rights; pictures and logs stay in out/devices.
test-devices: $(TEST)/.ready
	@bash tests/device/run.sh $(TEST)/bin/python out/devices

# The measures of faces want NumPy 1, hence an environment of their own.
evaluate: $(EVALUATE)/.ready
	$(EVALUATE)/bin/python -m training.evaluate $(BUNDLE) $(ARGS)

clean:
	rm -rf $(LIVE) $(TEST) $(EVALUATE)

$(LIVE)/.ready: pyproject.toml
	$(PYTHON) -m venv $(LIVE)
	$(LIVE)/bin/python -m pip install --quiet --disable-pip-version-check -e ".[cpu]"
	@# OpenVINO is the fast path on processors; it has no wheels for some platforms, and nothing else needs it.
	@$(LIVE)/bin/python -m pip install --quiet --disable-pip-version-check --only-binary openvino -e ".[openvino]" \
		|| echo "OpenVINO has no wheel for this platform: ONNX Runtime runs the model"
	@touch $@

$(TEST)/.ready: pyproject.toml
	$(PYTHON) -m venv $(TEST)
	$(TEST)/bin/python -m pip install --quiet --disable-pip-version-check -e ".[cpu,openvino,train,export,benchmarks,test]"
	@touch $@

$(EVALUATE)/.ready: pyproject.toml
	$(PYTHON) -m venv $(EVALUATE)
	$(EVALUATE)/bin/python -m pip install --quiet --disable-pip-version-check -e ".[cpu,train,evaluate]"
	@touch $@
