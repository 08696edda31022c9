# The first doors into the project; behind each is one command. `make` lists them.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help demo test bench pictures

help: ## What there is
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 18

demo: ## Build, try everything on the recording inside, and say what to look at
	@bash .ci/need.sh cargo cc pip
	cargo build --profile demo --package roadloop-app
	@cargo run --quiet --profile demo --package roadloop-app -- quickstart

test: ## Format, house rules, lints, every test
	@bash .ci/need.sh cargo cc rustfmt clippy python node
	@cargo xtask ci

bench: ## Measure against Python peers; see bench/README.md
	@bash .ci/need.sh cargo cc pip venv
	@bash bench/run.sh

pictures: ## Make the pictures of the documentation
	@bash .ci/need.sh cargo cc pip node
	@cargo xtask pictures
