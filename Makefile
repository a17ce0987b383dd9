# Every verb of the fleet. `make help` lists them; ENV, FN and TAG choose what they act on.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

ENV ?= local
FN ?= all
TAG ?=
# What changed is told against; how traffic shifts; the version that `make promote` gives.
BASE ?=
STRATEGY ?=
VERSION ?=
# What `make bench` measures (sections; all by default).
ONLY ?=
# How long `make soak` takes, and what it draws its faults from.
MINUTES ?=
SEED ?=
# Terraform's plan, kept by `make plan` for `make apply`.
PLAN ?=
# Recipes take these from the environment: make would expand what somebody put into them.
export ENV FN TAG BASE STRATEGY VERSION PLAN ONLY MINUTES SEED

FLEET := .venv/bin/fleet
PREPARE := shared/fleet/prepare/prepare.sh
UV := .fleet/bin/uv

.PHONY: help
help: ## Show this list.
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  \033[1m%-14s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "  Variables: ENV=local|dev|staging|prod  FN=function,…|all  TAG=image tag (default: the commit)"

.PHONY: demo
demo: prepare ## Build, push, apply, release, invoke, release a change, roll it back: all on this machine.
	@env -u ENV -u FN -u TAG $(FLEET) demo

.PHONY: test
test: prepare ## Every test that needs no cloud, the end-to-end suite on the local stack included.
	@env -u ENV -u FN -u TAG shared/fleet/prepare/test.sh

.PHONY: lint
lint: tools ## Formatting, lint, types, Dockerfile, Terraform and security checks.
	@shared/fleet/prepare/lint.sh

.PHONY: audit
audit: tools ## Known advisories on every locked Python package (asks PyPI).
	@shared/fleet/prepare/audit.sh

.PHONY: prepare
prepare: ## Install and start what is missing: uv, Python, Docker engine, base images.
	@$(PREPARE) engine

.PHONY: tools
tools:
	@$(PREPARE) tools

.PHONY: build
build: prepare ## Build images of the checked-out commit (FN, TAG).
	@$(FLEET) build

.PHONY: push
push: tools ## Push built images to ECR under the commit's SHA (ENV, FN, TAG).
	@$(FLEET) push

.PHONY: bootstrap
bootstrap: prepare ## An environment from nothing: registry, images, everything else, first release (ENV; FN for one that is new).
	@$(FLEET) bootstrap

.PHONY: changed
changed: tools ## Functions whose image or configuration differs from BASE (a commit; HEAD^ by default).
	@$(FLEET) changed

.PHONY: plan
plan: tools ## What an apply and a release would change (ENV, FN, TAG).
	@$(FLEET) plan --no-exit-code

.PHONY: apply
apply: tools ## Apply Terraform, then release what it configured (ENV).
	@$(FLEET) apply

.PHONY: cost
cost: tools ## What an environment costs in a month, at the stated traffic (ENV).
	@$(FLEET) cost

.PHONY: deploy
deploy: tools ## Release an image of the registry (ENV, FN, TAG).
	@$(FLEET) release

.PHONY: rollback
rollback: tools ## Back to the previous release, or to TAG (ENV; FN must be given).
	$(if $(filter file,$(origin FN)),$(error rollback takes FN=<function>, or FN=all for every one))
	@$(FLEET) rollback $${TAG:+--to-tag "$$TAG"}

.PHONY: validate
validate: tools ## Hold what is live against Terraform, history and sample events (ENV, FN).
	@$(FLEET) validate --junit build/validate.xml

.PHONY: resume
resume: tools ## Finish what a killed release or rollback left half done (ENV, FN).
	@$(FLEET) resume

.PHONY: scan
scan: tools ## Known vulnerabilities of built images, by Trivy (ENV, FN, TAG).
	@$(FLEET) scan

.PHONY: scan-live
scan-live: tools ## The same of what is live (ENV, FN).
	@$(FLEET) scan --live

.PHONY: rebuild
rebuild: prepare ## Build every layer anew, on the newest bases (FN, TAG).
	@$(FLEET) build --no-cache

.PHONY: compare
compare: prepare ## Size and cold start of images beside those of BASE (FN).
	@.venv/bin/python -m tests.performance.compare

.PHONY: promote
promote: tools ## Give what is live the tag VERSION: the same digest (ENV, FN).
	@$(FLEET) promote

.PHONY: github-%
github-%: tools ## A step of a workflow: fleet github <step>.
	@$(FLEET) github $*

.PHONY: prune
prune: tools ## Delete old versions that no alias and no rollback needs (ENV, FN).
	@$(FLEET) prune

.PHONY: status
status: tools ## What is live (ENV, FN).
	@$(FLEET) status

.PHONY: history
history: tools ## What was released (ENV, FN).
	@$(FLEET) history

.PHONY: logs
logs: tools ## A function's newest log lines (ENV, FN).
	@$(FLEET) logs

.PHONY: up
up: prepare ## Start the local stack.
	@env -u FN -u TAG $(FLEET) up

.PHONY: down
down: tools ## Stop the local stack, and remove what it stored.
	@env -u FN -u TAG $(FLEET) down

.PHONY: bench
bench: prepare ## Measure all that was promised in figures: build/bench.json, build/bench.html (ONLY=section,…).
	@.venv/bin/python -m tests.performance.bench

.PHONY: bench-compare
bench-compare: tools ## Fail when build/bench.json is slower than BASE, an earlier one, beyond noise.
	@.venv/bin/python -m tests.performance.bench.beside

.PHONY: soak
soak: prepare ## Mixed traffic on the whole fleet while everything breaks, to build/soak.json (MINUTES, SEED).
	@.venv/bin/python -m tests.soak

.PHONY: security
security: prepare ## Check what is claimed of containers, secrets, IAM, network and routes: build/security.html.
	@env -u ENV -u FN -u TAG shared/fleet/prepare/security.sh

.PHONY: clean
clean: ## Remove reports and caches; tools in .fleet stay.
	@rm -rf build .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage .coverage.*
