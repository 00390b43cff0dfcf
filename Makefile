# Every command that a person or the build server needs. `make` alone lists them.
.PHONY: help setup demo test lint bench fuzz load deny

# Packages that only compile for wasm, one `--exclude name` each; handlers compile natively too, for their unit tests.
WASM_ONLY :=
ALL := --workspace $(WASM_ONLY)
FUZZ_SECONDS ?= 600
BENCHES := instance media_tick media_codecs media_mixer media_rooms rtp webrtc presence locations paths border cluster calls bridged browsers registrations overload noisy hosted api_load

help: ## this list
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 16

setup: ## install what is missing: wasm target, lint tools, foreign programs (idempotent; root or sudo)
	@tests/setup test

demo: ## a phone calls examples/menu; what it heard is in out/demo.wav
	@tests/setup build
	@tests/demo

test: setup lint ## everything that must pass, foreign phones included
	cargo test $(ALL)

lint: ## formatting and clippy, warnings are errors
	cargo fmt --all --check
	cargo clippy $(ALL) --all-targets -- -D warnings

bench: ## cost of a handler, a call, a bridged call, a call of a browser with a telephone, a registration, a packet, a browser's connection, presence, locations, media paths and words between nodes, goodput in overload, a noisy neighbour, the hosted runtime, its API beside calls (PATCHCORD_BENCH=quick: 4 minutes)
	@tests/setup build
	@cargo bench --quiet $(foreach crate,control sip guest media webrtc cluster host,-p patchcord-$(crate)) $(foreach bench,$(BENCHES),--bench $(bench))

fuzz: ## random bytes and orders of events for FUZZ_SECONDS (600) against every parser and machine
	PATCHCORD_FUZZ_SECONDS=$(FUZZ_SECONDS) cargo test $(ALL) fuzz -- --nocapture

load: setup ## thousands of calls by sipp against a server on this machine
	cargo test -p patchcord-tests --test interop -- --ignored --nocapture load

deny: ## licences, advisories, duplicate crates (needs cargo-deny)
	cargo deny check
