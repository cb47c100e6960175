# `make demo` and `make test` are the two commands to know. Everything here needs
# only Go, a C compiler, make and git; tools that a target can use but does not
# find are named in its output. GONIX_CI=1 turns "not found" into a failure.

STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2

# Packages that start goroutines: these run again under the race detector.
RACE = ./formatter/... ./lsp/... ./builder/... ./store/... ./cmd/...

# PKGS narrows `make unit`, FUZZTIME is per fuzz target, SOAK per soak test.
PKGS     ?= ./...
FUZZTIME ?= 10m
SOAK     ?= 10m

.PHONY: all build demo test lint unit race portable test-vscode fuzz soak bench bench-stores cover nixpkgs-check update clean

all: build

build: ## bin/gonix
	go build -o bin/gonix ./cmd/gonix

demo: build ## build gonix and run it on examples/
	examples/demo.sh bin/gonix

test: lint portable unit race ## everything

lint:
	@bad=$$(gofmt -l $$(git ls-files '*.go')); [ -z "$$bad" ] || { echo "not gofmt'ed:"; echo "$$bad"; exit 1; }
	go vet ./...
	go run $(STATICCHECK) ./...

# testreport shows what go test says, and fails when a test is skipped in CI.
unit:
	go test -json -timeout 20m $(PKGS) | go run ./internal/testreport

# Only the packages of RACE that exist, so that the list may run ahead of the tree.
race:
	go test -race -json -timeout 20m $$(go list $(RACE) 2>/dev/null) | go run ./internal/testreport

# Without cgo gonix is one static binary; the parts that need Linux say so.
portable:
	CGO_ENABLED=0 go build -o bin/gonix-static ./cmd/gonix
	CGO_ENABLED=0 GOOS=linux GOARCH=arm64 go build ./...
	CGO_ENABLED=0 GOOS=darwin GOARCH=arm64 go build ./...

# Also leaves screenshots in .cache/vscode/screenshots.
test-vscode: build ## the real Visual Studio Code, in Chromium, on examples/
	editors/vscode/test/install.sh .cache/vscode
	GONIX=$(CURDIR)/bin/gonix GONIX_VSCODE=$(CURDIR)/.cache/vscode \
	  node --test --test-reporter=spec editors/vscode/test/vscode.test.js

fuzz: ## every fuzz target for FUZZTIME each
	@set -e; for pkg in $$(go list ./...); do \
	  for target in $$(go test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
	    echo "== $$pkg $$target"; \
	    go test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) $$pkg; \
	  done; \
	done

soak: ## the tests that only grow more certain with time
	GONIX_SOAK=$(SOAK) go test -count 1 -timeout 0 -run 'Soak|Crash|Torture' ./...

bench: build ## make bench NIXPKGS=dir [PEER=dir with nix-instantiate]
	go run ./bench -gonix bin/gonix -nixpkgs "$(NIXPKGS)" $(BENCHFLAGS)

bench-stores: build ## building, copying and collecting, with Nix in the same run; needs an existing /nix
	go run ./bench -gonix bin/gonix -stores $(BENCHFLAGS)

nixpkgs-check: ## make nixpkgs-check NIXPKGS=dir: the acceptance list of a nixpkgs 20.09
	GONIX_NIXPKGS="$(NIXPKGS)" go test -count 1 -timeout 60m -run Nixpkgs -v ./testscripts

update: ## rewrite golden files; read the diff line by line before committing it
	go test ./... -update

cover:
	go test -coverprofile cover.out -coverpkg ./... ./...
	go tool cover -func cover.out | tail -n 1

clean:
	rm -rf bin .cache cover.out
