# /// script
# requires-python = ">=3.10"
# dependencies = ["lightgbm==4.7.0", "numpy>=1.26,<3"]
# ///
"""
Trains the scoring model on data sets of `smcq dataset`: purged and embargoed walk-forward, combinatorial
purged folds, Platt calibration on out-of-fold margins, an untouched hold-out, null tests, and a model on all rows. Writes lgbm_smc.txt, training.json and
report.html; when a null test fails, the page alone, and the exit code is 3.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import lightgbm as lgb
import numpy as np

from combined import combined_folds
from dataset import DataError, Dataset, load_dataset, still_symbols
from metrics import auc, fit_platt
from page import render_page
from protocol import TARGETS, fit, hold_out_start, lightgbm_params, platt_before, rows_before, walk_forward
from report import NullTests, Target, Training, target_of, training_report

NULL_TEST_FAILED = 3
MODEL_FILE = "lgbm_smc.txt"


def main(argv: list[str]) -> int:
    """Runs the whole protocol; returns the exit code."""
    args = parse_arguments(argv)
    try:
        training = train(args)
    except DataError as error:
        print(f"train: {error}", file=sys.stderr)
        return 2
    report = training_report(training)
    args.out.mkdir(parents=True, exist_ok=True)
    write_whole(args.out / "report.html", render_page(training, report))
    print(summary(report))
    if not training.null_tests.passed:
        print("train: a null test failed, so no model is written: the protocol leaks", file=sys.stderr)
        return NULL_TEST_FAILED
    write_whole(args.out / "training.json", json.dumps(report, indent=2, allow_nan=False) + "\n")
    write_whole(args.out / MODEL_FILE, training.text)
    return 0


def parse_arguments(argv: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset", type=Path, help="folder written by `smcq dataset --klines ...`")
    parser.add_argument("--null", type=Path, required=True, help="folder written by `smcq dataset --random-walk ...`")
    parser.add_argument("--out", type=Path, required=True, help="folder for the model, its report and the page")
    parser.add_argument("--seed", type=int, default=7, help="of LightGBM, the permutation and the bootstrap (7)")
    parser.add_argument("--threads", type=int, default=2, help="of LightGBM; another number may give another model (2)")
    parser.add_argument("--trials", type=int, default=1, help="parameter sets tried on this data, this one included (1)")
    parser.add_argument(
        "--target",
        choices=sorted(TARGETS),
        default="win",
        help="what the trees learn: P(win), or the result in R net of costs (win)",
    )
    parser.add_argument(
        "--abstain-r", type=float, help="with net-r: nothing is traded whose expected result is at most this, R (0)"
    )
    args = parser.parse_args(argv)
    if args.abstain_r is not None and (args.target != "net-r" or not 0 <= args.abstain_r < float("inf")):
        parser.error("--abstain-r must be 0 or more, R, and goes with --target net-r")
    if args.seed < 0 or args.threads < 1 or args.trials < 1:
        parser.error("--seed must be 0 or more, --threads and --trials 1 or more")
    return args


def train(args: argparse.Namespace) -> Training:
    """The protocol from data set to model; scripts/train/README.md says why each step is there."""
    everything = load_dataset(args.dataset)
    null_data = load_dataset(args.null)
    check_null_data(everything, null_data, args.null)
    excluded = still_symbols(everything)
    data = everything.take(~np.isin(everything.symbol, excluded))
    if len(data) == 0:
        raise DataError(f"{args.dataset}: no row is left: left out are {', '.join(excluded)}, whose plans never met a level")
    params = lightgbm_params(args.seed, args.threads, args.target)
    target = Target(args.target, args.abstain_r or 0.0)
    border = hold_out_start(data)
    development = data.take(data.t0 < border)
    walk = walk_forward(development, params)
    platt = fit_platt(walk.margin, development.y[walk.rows])
    rounds = walk.median_iteration
    combined = combined_folds(development, params, rounds)
    early_model = fit(data, rows_before(data, border), params, rounds)
    late = data.take(data.t0 >= border)
    late_margin = np.asarray(early_model.predict(late.features, raw_score=True))
    model = fit(data, np.arange(len(data)), params, rounds)
    return Training(
        data=data,
        excluded=excluded,
        development=development,
        walk=walk,
        combined=combined,
        platt=platt,
        target=target,
        hold_out=target.judged(late, late_margin, platt_before(development, walk.folds, border)),
        model=model,
        text=model.model_to_string(),
        rounds=rounds,
        params=params,
        null_tests=run_null_tests(development, null_data, args),
        seed=args.seed,
        trials=args.trials,
        version=lgb.__version__,
        git=git_state(),
    )


def check_null_data(data: Dataset, null_data: Dataset, folder: Path) -> None:
    """The null test is worth something only on bars without an edge, made by the same detector."""
    source = null_data.meta.get("source", {})
    if source.get("type") != "random-walk":
        raise DataError(f"{folder}/dataset.json: source is {source!r}: --null takes a data set of random walks")
    if null_data.meta["featureSchemaSha256"] != data.meta["featureSchemaSha256"]:
        raise DataError(f"{folder}/dataset.json: featureSchemaSha256 differs from that of the bars to train on")


def run_null_tests(development: Dataset, null_data: Dataset, args: argparse.Namespace) -> NullTests:
    """The very same walk-forward where there is nothing to find; anything found would be a leak."""
    params = lightgbm_params(args.seed, args.threads, args.target)
    order = np.random.default_rng(args.seed).permutation(len(development))
    shuffled = replace(development, y=development.y[order], r=development.r[order])
    return NullTests(
        random_walk_auc=walk_auc(null_data, params),
        permuted_auc=walk_auc(shuffled, params),
        random_walk_rows=len(null_data),
    )


def walk_auc(data: Dataset, params: dict) -> float:
    """Pooled out-of-fold AUC of a walk-forward."""
    walk = walk_forward(data, params)
    return auc(walk.margin, data.y[walk.rows])


def git_state() -> tuple[str | None, bool | None]:
    """Commit and dirty flag of the sources; None where there is no git."""
    folder = Path(__file__).resolve().parent
    try:
        commit = _git(folder, "rev-parse", "HEAD")
        return commit, _git(folder, "status", "--porcelain", "--untracked-files=no") != ""
    except (OSError, subprocess.CalledProcessError):
        return None, None


def _git(folder: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def write_whole(path: Path, text: str) -> None:
    """Writes beside the file and renames: a reader never meets half of it."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_bytes(text.encode("utf-8"))
    draft.replace(path)


def summary(report: dict) -> str:
    """What a human wants to know first."""
    walked, late, null = report["outOfSample"], report["holdOut"], report["nullTests"]
    data = report["dataset"]

    def figures(part: dict) -> str:
        return f"AUC {part['auc']:.4f}, Brier {part['brier']:.4f}, ECE {part['ece']:.4f}, {part['n']} rows"

    lines = [
        f"{data['labelled']} labelled candidates of {data['symbols']} symbols, {report['rounds']} rounds",
        f"walk-forward: {figures(walked)}; AUC of slices {walked['aucMeanOfFolds']:.4f}",
        combined_text(report["combinatorial"]),
        f"hold-out:     {figures(late)}",
        f"null tests:   random walk {null['randomWalkAuc']:.4f}, permuted labels {null['permutedAuc']:.4f}",
        f"{target_of(report).rows_text}: {expectancy_text(walked['expectancyR'])}",
        f"model text:   sha256 {report['modelTextSha256']}",
    ]
    return "\n".join(lines)


def combined_text(part: dict) -> str:
    """The paths of the combined folds in words."""
    areas = ", ".join(f"{path['auc']:.4f}" for path in part["paths"])
    return f"combinatorial: AUC of {len(part['paths'])} paths {areas}"


def expectancy_text(expectancy: dict) -> str:
    """An expectancy in words."""
    if expectancy["mean"] is None:
        return "no row, so no expectancy"
    bounds = f"{expectancy['lower95']:.3f} to {expectancy['upper95']:.3f}"
    return f"{expectancy['rowsAbove060']} rows, mean {expectancy['mean']:.3f} R ({bounds})"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
