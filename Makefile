# Nexora: two commands, `make up` and `make test`; the others are their parts. `make help` lists them.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup build up down status logs test check fmt bench trace fuzz

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## check the machine and install the missing Debian packages
	@echo "setup: checks the machine, then installs what is missing for running"
	@scripts/setup

build: ## build every product in release mode into .run/bin
	@echo "build: every product in release mode, into .run/bin"
	@scripts/build

up: ## from a fresh checkout to a system that answers; safe to repeat
	@echo "up: installs, builds, starts, migrates, fills with demo data and waits until it answers"
	@scripts/up

down: ## stop what make up started; data is kept
	@echo "down: stops what make up started here, and nothing else"
	@scripts/down

status: ## what runs, and whether it is ready
	@echo "status: what make up started here"
	@scripts/status

logs: ## the logs of everything that runs; make logs NAME=radius-server for one
	@echo "logs: the last lines of each log (NAME=... for one)"
	@scripts/logs $(NAME)

test: ## all tests, with check before them
	@echo "test: checks, then every test: Swift, conformance, end to end"
	@scripts/test

check: ## formatting, imports, warnings, architecture, shell scripts, container files
	@echo "check: format lint, strict build, architecture, shellcheck, docker-compose"
	@scripts/check

fmt: ## format the Swift sources
	@echo "fmt: formats the Swift sources in place"
	@scripts/fmt

bench: ## measure, side by side with FreeRADIUS
	@echo "bench: load against Nexora and FreeRADIUS on this machine"
	@scripts/optional Tests/Benchmarks/run

trace: ## which requirement has a test, and which has none
	@scripts/trace

fuzz: ## fuzz the packet codec, EAP, the dictionary and HTTP; make fuzz FOR=300 for as many seconds each
	@echo "fuzz: the packet codec, EAP, the dictionary and HTTP under libFuzzer"
	@scripts/optional Tests/Fuzz/run.sh $(FOR)
