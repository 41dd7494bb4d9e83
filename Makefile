# make prints its targets. make test is what CI runs.

GO      ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
LDFLAGS  = -X main.version=$(VERSION)

.PHONY: help build test unit race fuzz e2e check lint bench soak prices clean

help: ## print the targets
	@awk -F ':.*## ' '/^[a-z0-9_-]+:.*## / { printf "%-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build bin/tailwise
	$(GO) build -ldflags "$(LDFLAGS)" -o bin/tailwise ./cmd/tailwise

test: check unit race fuzz e2e ## run everything: checks, unit tests, race, fuzz smoke, real clients, kill -9

unit: ## go test ./... (needs Go alone)
	$(GO) test ./...
	cd bench && $(GO) vet ./... && $(GO) test ./...
	cd test/oracle && $(GO) vet ./... && $(GO) test ./...

race: ## the packages with goroutines, under the race detector
	$(GO) test -race ./internal/durable ./internal/wal ./internal/price
	$(GO) test -race ./internal/sampler -crash.rounds 10

FUZZTIME ?= 5s
fuzz: ## every fuzz target for FUZZTIME
	@set -e; for package in $$($(GO) list ./...); do \
	  for target in $$($(GO) test -list '^Fuzz' $$package | grep '^Fuzz' || true); do \
	    echo "fuzz $$package $$target"; \
	    $(GO) test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x $$package; \
	  done; \
	done

e2e: build ## real SDKs from Node and Python, a real backend, a process killed with -9 (needs node, npm, python3)
	$(GO) test -tags e2e -count=1 -timeout 20m ./test/...

check: lint ## formatting, vet, linter, modules in order
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); echo "run gofmt"; exit 1; }
	$(GO) vet ./...
	$(GO) vet -tags e2e ./test/...
	$(GO) mod verify >/dev/null

lint: ## staticcheck, by the version in tools/go.mod
	cd tools && $(GO) build -o ../bin/staticcheck honnef.co/go/tools/cmd/staticcheck
	bin/staticcheck ./...

BENCHFLAGS ?= -rounds 5
bench: build ## ratios against a null receiver and a Collector with tail_sampling, in one run (about 50 minutes)
	cd bench && $(GO) build -o bin/ ./cmd/... && ./bin/bench $(BENCHFLAGS)
	cd bench && ./bin/bench $(BENCHFLAGS) -loads small/grpc/plain -policies processor,ottl

soak: build ## kill -9 for longer, fuzzing for longer
	$(GO) test -tags e2e -count=1 -timeout 60m ./test/crash -rounds 100
	$(MAKE) fuzz FUZZTIME=60s
	cd test/oracle && $(GO) test -count=1 -timeout 120m -v ./... -seed $$(date +%s) -decisions 5000000 -sequences 5000

GENAI_PRICES ?= genai-prices
prices: ## the built-in prices, from the newest genai-prices package (needs python3)
	python3 -m venv internal/price/generate/.venv
	internal/price/generate/.venv/bin/pip install --quiet --upgrade $(GENAI_PRICES)
	internal/price/generate/.venv/bin/python internal/price/generate/generate.py
	$(GO) test ./internal/price

clean: ## remove what was built
	rm -rf bin bench/bin test/e2e/.work
