#!/usr/bin/env bash
# From stored bars to a checked model, in one command:
#
#   scripts/train/train.sh --out DIR [--seed N] [--trials N] [--features v1|v2] [--target win|net-r] [--abstain-r R] [--data-dir DIR] KLINES...
#
# DIR must be new or empty. SMCQ_PYTHON names a Python that has lightgbm and numpy; without it a virtual environment is
# made in var/train/venv. SMCQ names another way to call smcq than `pnpm run smcq`, in words without spaces.
set -euo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
train=()
import=()
features=()
files=()
out=""
seed=7
while (($# > 0)); do
  case "$1" in
    --out) out="$(realpath -m -- "${2:?--out needs a folder}")"; shift 2 ;;
    --seed) seed="${2:?--seed needs a number}"; shift 2 ;;
    --data-dir) import+=(--data-dir "$(realpath -m -- "${2:?--data-dir needs a folder}")"); shift 2 ;;
    --features) features=(--features "${2:?--features needs v1 or v2}"); shift 2 ;;
    --target) train+=(--target "${2:?--target needs win or net-r}"); shift 2 ;;
    --abstain-r) train+=(--abstain-r "${2:?--abstain-r needs a number}"); shift 2 ;;
    --trials) train+=(--trials "${2:?--trials needs a number}"); shift 2 ;;
    -*) echo "train.sh: unknown flag $1" >&2; exit 2 ;;
    *) files+=("$(realpath -- "$1")"); shift ;;
  esac
done
if [[ -z "$out" || ${#files[@]} -eq 0 ]]; then
  sed -n '2,7s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
  exit 2
fi

fail() { echo "train.sh: $1" >&2; exit 2; }
[[ -z "$(ls -A -- "$out" 2>/dev/null)" ]] || fail "$out is not empty: name a new folder"

pnpm=(pnpm)
if ! command -v pnpm >/dev/null; then
  pnpm=(npx --yes "$(sed -n 's/.*"packageManager": "\([^"+]*\).*/\1/p' "$root/package.json")")
fi
smcq=("${pnpm[@]}" --silent --dir "$root" run smcq)
if [[ -n "${SMCQ:-}" ]]; then read -r -a smcq <<<"$SMCQ"; fi

python="${SMCQ_PYTHON:-}"
# smcq refuses a variable that is no setting of its own.
unset SMCQ_PYTHON SMCQ
if [[ -z "$python" ]]; then
  venv="$root/var/train/venv"
  python="$venv/bin/python"
  other="SMCQ_PYTHON may name a Python that has lightgbm and numpy"
  if [[ ! -x "$python" ]] && ! python3 -m venv "$venv"; then
    # Without its pip it would look whole the next time.
    rm -rf -- "$venv"
    fail "no virtual environment can be made (Python 3.10 or newer; on Debian the package python3-venv); $other"
  fi
  "$python" -m pip install --quiet --requirement "$root/scripts/train/requirements.txt" ||
    fail "pip cannot install lightgbm and numpy; $other"
fi
"$python" -c "import lightgbm, numpy" || fail "$python has no lightgbm and numpy that work"

echo "== data set of ${#files[@]} files"
"${smcq[@]}" dataset --klines "${files[@]}" ${features[@]+"${features[@]}"} --out "$out/dataset"
echo "== data set of random walks, for the null test"
"${smcq[@]}" dataset --random-walk 12x60 --seed 1 ${features[@]+"${features[@]}"} --out "$out/null"
echo "== training"
"$python" "$root/scripts/train/train.py" "$out/dataset" --null "$out/null" --out "$out" --seed "$seed" ${train[@]+"${train[@]}"}
echo "== model"
"${smcq[@]}" model import "$out/lgbm_smc.txt" --out "$out/lgbm_smc.onnx" ${import[@]+"${import[@]}"}
"${smcq[@]}" model verify "$out/lgbm_smc.onnx"
echo "report: $out/report.html"
