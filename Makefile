# Everything a person does with this repository. `make help` lists it.
SHELL := /bin/sh
CARGO ?= cargo
NEXTEST := $(shell $(CARGO) nextest --version >/dev/null 2>&1 && echo yes)

.PHONY: help run dev demo split migrate test check lint fmt docs goldens bench bench-taskmill clean

help: ## Lists this
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Builds and runs everything in one process, data in ./data
	$(CARGO) run -- run-all-in-one

dev: ## The same, built and started again when a file changes
	./scripts/dev

demo: ## Fills a running instance with a community (DEMO_PASSWORD is the administrator's)
	$(CARGO) run -- demo

split: ## Runs each module in a process of its own behind the gateway
	$(CARGO) build
	./scripts/split

migrate: ## Brings the database schemas up to date
	$(CARGO) run -- migrate

# The wrapper is built together with everything else: by itself it would take its own build of half the dependencies.
test: TARGET = $(shell $(CARGO) metadata --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
test: ## Runs every test; servers that are not installed are skipped aloud
	$(CARGO) build --quiet --workspace --example with_servers
ifeq ($(NEXTEST),yes)
	"$(TARGET)/debug/examples/with_servers" $(CARGO) nextest run --workspace
else
	"$(TARGET)/debug/examples/with_servers" $(CARGO) test --workspace
endif

check: ## Type-checks everything
	$(CARGO) check --workspace --all-targets

lint: ## Format and clippy, as strict as the pipeline
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings

fmt: ## Formats everything
	$(CARGO) fmt --all

docs: ## Builds the API documentation of the crates
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps

goldens: ## Writes the golden files again; review the difference
	UPDATE_GOLDENS=1 $(CARGO) test -p journeys --test goldens --test architecture

bench: ## Measures against bare peers and prints a table
	$(CARGO) run --release -p bench

bench-taskmill: ## Measures the task queue beside other libraries' and prints a table; half an hour
	$(CARGO) run --release -p bench-taskmill

clean: ## Throws build results away; ./data stays
	$(CARGO) clean
