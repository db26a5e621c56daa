"""What a training found, as plain data: training.json, which `smcq model import` reads, and the page's figures."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

import lightgbm as lgb
import numpy as np

from combined import PATHS, Combined
from dataset import Dataset
from metrics import (
    Expectancy,
    Platt,
    auc,
    auc_error,
    brier,
    day_blocks,
    ece,
    logloss,
    psi,
    psi_counts,
    psi_edges,
    reliability,
    sigmoid,
)
from protocol import Fold, WalkForward, hold_out_start, rows_before

REPORT_VERSION = 1
NULL_AUC_RANGE = 0.03
# A signal becomes an intent above this confidence.
CONFIDENCE_MIN = 0.60
FIFTHS = 5


@dataclass(frozen=True)
class Judged:
    """Rows with calibrated probabilities of models and calibrations that had not seen them."""

    data: Dataset
    p: np.ndarray
    # Rows that would be traded.
    taken: np.ndarray


@dataclass(frozen=True)
class Target:
    """What the margin is: that of P(win), or the expected result in R, which is traded above `abstain_r`."""

    kind: str
    abstain_r: float

    def taken(self, margin: np.ndarray, p: np.ndarray) -> np.ndarray:
        """Mask of the rows that would be traded."""
        return margin > self.abstain_r if self.kind == "net-r" else p > CONFIDENCE_MIN

    def judged(self, data: Dataset, margin: np.ndarray, platt: Platt) -> Judged:
        """Rows with what their margins say by a calibration."""
        p = platt.apply(margin)
        return Judged(data, p, self.taken(margin, p))

    @property
    def rows_text(self) -> str:
        """The rows that would be traded, in words."""
        return "rows not abstained from" if self.kind == "net-r" else f"rows above {CONFIDENCE_MIN:.2f}"


def target_of(report: dict[str, Any]) -> Target:
    """The target that a report tells of."""
    part = report["calibration"].get("target")
    return Target("win", 0.0) if part is None else Target(part["kind"], part["abstainR"])


@dataclass(frozen=True)
class NullTests:
    """Out-of-fold AUC where there is nothing to find."""

    random_walk_auc: float
    permuted_auc: float
    random_walk_rows: int

    @property
    def passed(self) -> bool:
        """Both within 0.50 +- 0.03."""
        return all(abs(area - 0.5) <= NULL_AUC_RANGE for area in (self.random_walk_auc, self.permuted_auc))


@dataclass(frozen=True)
class Training:
    """Everything that a training leaves behind."""

    data: Dataset
    excluded: list[str]
    development: Dataset
    walk: WalkForward
    combined: Combined
    platt: Platt
    target: Target
    hold_out: Judged
    model: lgb.Booster
    text: str
    rounds: int
    params: dict[str, Any]
    null_tests: NullTests
    seed: int
    trials: int
    version: str
    git: tuple[str | None, bool | None]

    @property
    def walked(self) -> Judged:
        """The test rows of the walk-forward whose calibration had not seen them."""
        rows = np.concatenate([fold.rows for fold in self.walk.judged])
        margin = np.concatenate([fold.margin for fold in self.walk.judged])
        p = np.concatenate([fold.platt.apply(fold.margin) for fold in self.walk.judged if fold.platt])
        return Judged(self.development.take(rows), p, self.target.taken(margin, p))


def utc(time_ms: int) -> str:
    """ISO-8601 in UTC with seconds."""
    return datetime.fromtimestamp(int(time_ms) / 1000, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def training_report(training: Training) -> dict[str, Any]:
    """The document of training.json; keys that the importer does not know are for the page and for readers."""
    data = training.data
    commit, is_dirty = training.git
    walked = training.walked
    null_tests = training.null_tests
    return {
        "reportVersion": REPORT_VERSION,
        "modelTextSha256": hashlib.sha256(training.text.encode("utf-8")).hexdigest(),
        "trainer": {
            "name": "lightgbm",
            "version": training.version,
            "seed": training.seed,
            "numThreads": training.params["num_threads"],
            "params": training.params,
        },
        "dataset": _dataset_part(training),
        "excludedSymbols": training.excluded,
        "rounds": training.rounds,
        "ranges": {"train": _range(data), "valid": _range(walked.data)},
        "folds": [_fold_part(training, fold) for fold in training.walk.folds],
        "combinatorial": _combined_part(training),
        "outOfSample": {
            "source": "walk-forward",
            **_judged_part(walked, training.seed),
            "aucMeanOfFolds": _mean_auc(training),
        },
        "holdOut": {"range": _range(training.hold_out.data), **_judged_part(training.hold_out, training.seed)},
        "calibration": _calibration_part(training),
        "psi": _psi_part(training),
        "importances": _importances(training),
        "nullTests": {
            "randomWalkAuc": null_tests.random_walk_auc,
            "permutedAuc": null_tests.permuted_auc,
            "passed": null_tests.passed,
            "randomWalkRows": null_tests.random_walk_rows,
        },
        "calendar": _calendar_part(training),
        "trials": training.trials,
        "gitCommit": commit,
        "isDirty": is_dirty,
    }


def _calendar_part(training: Training) -> dict[str, Any]:
    """
    When what was seen: days since 1970, all symbols together. The importer refuses a fold that was judged on days that
    taught it, and its verdict stands on `daily`: rows of the walk-forward that would be taken, slippage twice on both sides.
    """
    development, late = training.development, training.hold_out.data
    folds = [(rows_before(development, fold.from_ms), fold.rows) for fold in training.walk.folds]
    parts = [_split_part(development.day[taught], development.day[tested]) for taught, tested in folds]
    early = rows_before(training.data, hold_out_start(training.data))
    parts.append(_split_part(training.data.day[early], late.day))
    walked = training.walked
    above = walked.taken
    days, block = np.unique(walked.data.day[above], return_inverse=True)
    sums = np.bincount(block, weights=walked.data.r_gate[above], minlength=len(days))
    return {
        "trainedDays": _day_ranges(training.data.day),
        "folds": parts,
        "holdOut": {"fromDay": int(late.day.min()), "toDay": int(late.day.max())},
        "daily": {
            "days": [int(day) for day in days],
            "sums": [float(total) for total in sums],
            "counts": [int(n) for n in np.bincount(block, minlength=len(days))],
        },
    }


def _split_part(trained: np.ndarray, tested: np.ndarray) -> dict[str, Any]:
    return {"trainedDays": _day_ranges(trained), "testedDays": _day_ranges(tested)}


def _day_ranges(days: np.ndarray) -> list[dict[str, int]]:
    """Days as ranges; neighbours are one."""
    found = np.unique(days)
    parts = np.split(found, np.flatnonzero(np.diff(found) > 1) + 1)
    return [{"fromDay": int(part[0]), "toDay": int(part[-1])} for part in parts]


def _range(data: Dataset) -> dict[str, str]:
    return {"fromUtc": utc(data.t0.min()), "toUtc": utc(data.t1.max())}


def _dataset_part(training: Training) -> dict[str, Any]:
    """The files whose rows the model saw; an excluded symbol counts nowhere."""
    data = training.data
    used = [file for file in data.meta["files"] if file["symbol"] not in training.excluded]
    return {
        "files": [
            {
                "path": file["name"],
                "sha256": file["sha256"],
                "symbol": file["symbol"],
                "fromUtc": utc(file["fromMs"]),
                "toUtc": utc(file["toMs"]),
                "bars": file["bars"],
                "labelled": file["labelled"],
            }
            for file in used
        ],
        "candidates": sum(file["candidates"] for file in used),
        "labelled": len(data),
        "stopTooWide": sum(file["stopTooWide"] for file in used),
        "symbols": len({file["symbol"] for file in used}),
        "featureSchemaSha256": data.meta["featureSchemaSha256"],
        "baseRate": float(data.y.mean()),
    }


def _fold_part(training: Training, fold: Fold) -> dict[str, Any]:
    """
    Figures of a test slice; log loss and Brier of LightGBM's own probability, before any calibration, and of the shipped
    one where LightGBM gives a result and no probability.
    """
    y = training.development.y[fold.rows]
    p = sigmoid(fold.margin) if training.target.kind == "win" else training.platt.apply(fold.margin)
    area = auc(fold.margin, y)
    return {
        "fromUtc": utc(fold.from_ms),
        "toUtc": utc(fold.to_ms),
        "trainRows": fold.train_rows,
        "testRows": len(fold.rows),
        "bestIteration": fold.best_iteration,
        "auc": area,
        "aucError": auc_error(area, y),
        "logloss": logloss(p, y),
        "brier": brier(p, y),
        "baseRate": float(y.mean()),
    }


def _combined_part(training: Training) -> dict[str, Any]:
    """Figures of the combinatorial purged folds, and of the paths that they make."""
    development, combined = training.development, training.combined
    folds = [
        {
            "parts": list(fold.parts),
            "trainRows": len(fold.taught),
            "testRows": len(fold.rows),
            "auc": auc(fold.margin, development.y[fold.rows]),
            **_split_part(development.day[fold.taught], development.day[fold.rows]),
        }
        for fold in combined.folds
    ]
    platts = [combined.platt(development, number) for number in range(len(combined.folds))]
    paths = []
    for k in range(PATHS):
        rows, margin, number = combined.path(k)
        p = np.empty(len(rows))
        for own in np.unique(number):
            p[number == own] = platts[own].apply(margin[number == own])
        above = training.target.taken(margin, p)
        data = development.take(rows)
        paths.append(
            {
                "rows": len(rows),
                "auc": auc(p, data.y),
                "expectancyR": _expectancy_part(day_blocks(data.r[above], data.day[above], training.seed)),
                "expectancyDoubledSlippageR": _expectancy_part(
                    day_blocks(data.r_doubled_slippage[above], data.day[above], training.seed)
                ),
            }
        )
    return {"folds": folds, "paths": paths}


def _mean_auc(training: Training) -> float:
    """Mean of the slices' own AUC by rows: unlike the pooled one it does not ask the slices to share a scale."""
    y = training.development.y
    folds = training.walk.folds
    areas = [auc(fold.margin, y[fold.rows]) for fold in folds]
    return float(np.average(areas, weights=[len(fold.rows) for fold in folds]))


def _judged_part(judged: Judged, seed: int) -> dict[str, Any]:
    data, p, above = judged.data, judged.p, judged.taken
    day = data.day[above]
    return {
        "n": len(data),
        "baseRate": float(data.y.mean()),
        "auc": auc(p, data.y),
        "brier": brier(p, data.y),
        "brierOfBaseRate": float(data.y.mean() * (1 - data.y.mean())),
        "logloss": logloss(p, data.y),
        "ece": ece(p, data.y),
        "expectancyR": _expectancy_part(day_blocks(data.r[above], day, seed)),
        "expectancyDoubledSlippageR": _expectancy_part(day_blocks(data.r_doubled_slippage[above], day, seed)),
        "expectancyOfAllRowsR": _interval_part(day_blocks(data.r, data.day, seed)),
        "fifths": _fifths(judged, seed),
        "reliability": reliability(p, data.y),
    }


def _expectancy_part(expectancy: Expectancy) -> dict[str, Any]:
    return {**_interval_part(expectancy), "rowsAbove060": expectancy.rows}


def _interval_part(expectancy: Expectancy) -> dict[str, Any]:
    return {"mean": expectancy.mean, "lower95": expectancy.lower95, "upper95": expectancy.upper95}


def _fifths(judged: Judged, seed: int) -> list[dict[str, Any]]:
    """Mean result of the rows from the lowest to the highest fifth of confidence."""
    order = np.argsort(judged.p, kind="stable")
    parts = []
    for rows in np.array_split(order, FIFTHS):
        result = day_blocks(judged.data.r[rows], judged.data.day[rows], seed)
        parts.append(
            {
                "confidenceFrom": float(judged.p[rows].min()),
                "confidenceTo": float(judged.p[rows].max()),
                "rows": result.rows,
                **_interval_part(result),
            }
        )
    return parts


def _calibration_part(training: Training) -> dict[str, Any]:
    rows = training.development.take(training.walk.rows)
    platt, target = training.platt, training.target
    return {
        "type": "platt",
        "a": platt.a,
        "b": platt.b,
        "n": platt.n,
        "range": _range(rows),
        "bins": reliability(platt.apply(training.walk.margin), rows.y),
        **({} if target.kind == "win" else {"target": {"kind": target.kind, "abstainR": target.abstain_r}}),
    }


def _psi_part(training: Training) -> dict[str, Any]:
    """
    The drift watch compares with the rows of the final model. Its own scores on them are the reference for the score:
    the fold models have other trees, whose scores lie elsewhere (PSI 1 to 5 against them where nothing had drifted, 0.02
    at most this way). That it has seen the rows hardly matters: every leaf holds at least `min_data_in_leaf` of them.
    """
    data = training.data
    columns = [data.features[:, k].astype(np.float64) for k in range(data.features.shape[1])]
    edges = [psi_edges(column) for column in columns]
    margin = np.asarray(training.model.predict(data.features, raw_score=True))
    score = training.platt.apply(margin)
    if training.target.kind == "net-r":
        # The engine's own score: 0 where the model abstains.
        score = np.where(margin > training.target.abstain_r, score, 0.0)
    score_edges = psi_edges(score)
    return {
        "edges": edges,
        "counts": [psi_counts(column, own) for column, own in zip(columns, edges, strict=True)],
        "scoreEdges": score_edges,
        "scoreCounts": psi_counts(score, score_edges),
        "developmentToHoldOut": _psi_to_hold_out(training),
    }


def _psi_to_hold_out(training: Training) -> list[float]:
    """How far the features of the hold-out moved away from those of the development rows."""
    moved = []
    for k in range(training.data.features.shape[1]):
        before = training.development.features[:, k].astype(np.float64)
        edges = psi_edges(before)
        after = training.hold_out.data.features[:, k].astype(np.float64)
        moved.append(psi(psi_counts(before, edges), psi_counts(after, edges)))
    return moved


def _importances(training: Training) -> list[dict[str, Any]]:
    gain = training.model.feature_importance("gain")
    splits = training.model.feature_importance("split")
    return [
        {"feature": name, "gain": float(gain[k]), "splits": int(splits[k])}
        for k, name in enumerate(training.data.feature_names)
    ]
