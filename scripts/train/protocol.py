"""
How a model is trained and judged: always on later rows than it has seen, with the overlap cut out.

    |----------------- development -----------------------------| gap |-- hold-out --|
    |--- first training rows ---|-- fold 1 --|-- fold 2 --| ... |     |  used once   |
                              >|<- purge and embargo before each test slice
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np

from dataset import DAY_MS, DataError, Dataset
from metrics import Platt, fit_platt

FOLDS = 6
FIRST_TRAIN_SHARE = 0.4
INNER_SHARE = 0.15
ROUNDS_MAX = 600
STOPPING_ROUNDS = 50
HOLD_OUT_SHARE = 0.2
# A gap in the data is taken as the border of the hold-out when the hold-out then has a share in this range.
HOLD_OUT_SHARES = (0.1, 0.35)
GAP_MS = 7 * DAY_MS
# A day: more than the look-back of the longest lived input (the M5 trend: 256 M5 bars, 21.3 h) and than a plan (2 h).
EMBARGO_MS = DAY_MS
TRAIN_ROWS_MIN = 2_000
TEST_ROWS_MIN = 200


@dataclass(frozen=True)
class Fold:
    """A test slice, the model that had not seen it, and its raw margins there."""

    from_ms: int
    to_ms: int
    train_rows: int
    best_iteration: int
    rows: np.ndarray
    margin: np.ndarray
    """Fitted on the folds before; None for the first one, whose margins only calibrate."""
    platt: Platt | None


@dataclass(frozen=True)
class WalkForward:
    """The folds in order of time."""

    folds: list[Fold]

    @property
    def rows(self) -> np.ndarray:
        """Indices of all test rows."""
        return np.concatenate([fold.rows for fold in self.folds])

    @property
    def margin(self) -> np.ndarray:
        """Raw margins of all test rows."""
        return np.concatenate([fold.margin for fold in self.folds])

    @property
    def median_iteration(self) -> int:
        """The rounds for a model on all rows."""
        return max(1, int(np.median([fold.best_iteration for fold in self.folds])))

    @property
    def judged(self) -> list[Fold]:
        """Folds whose calibration had not seen them."""
        return [fold for fold in self.folds if fold.platt is not None]


# What the trees learn, and LightGBM's objective for it: the mean result is what the squared error finds.
TARGETS = {"win": "binary", "net-r": "regression"}


def lightgbm_params(seed: int, threads: int, target: str = "win") -> dict[str, Any]:
    """The one set of parameters; LightGBM gives the same model for the same data, seed and number of threads."""
    return {
        "objective": TARGETS[target],
        "learning_rate": 0.03,
        "num_leaves": 31,
        "max_bin": 255,
        "min_data_in_leaf": 200,
        "lambda_l2": 1.0,
        "feature_pre_filter": False,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": threads,
        "seed": seed,
        "verbosity": -1,
    }


def hold_out_start(data: Dataset) -> int:
    """Start of the untouched last rows, ms: at a gap in the data when one lies well, else at a day."""
    gaps = np.flatnonzero(np.diff(data.t0) > GAP_MS) + 1
    shares = 1 - gaps / len(data)
    fit = gaps[(shares >= HOLD_OUT_SHARES[0]) & (shares <= HOLD_OUT_SHARES[1])]
    if len(fit) > 0:
        best = fit[np.argmin(np.abs(1 - fit / len(data) - HOLD_OUT_SHARE))]
        return int(data.t0[best])
    return _day_start(int(data.t0[int(len(data) * (1 - HOLD_OUT_SHARE))]))


def _day_start(time_ms: int) -> int:
    return time_ms // DAY_MS * DAY_MS


def rows_before(data: Dataset, time_ms: int) -> np.ndarray:
    """Rows that may teach a model which is used from `time_ms` on: their label had ended an embargo before."""
    return np.flatnonzero(data.t1 + EMBARGO_MS <= time_ms)


def fit(data: Dataset, rows: np.ndarray, params: dict[str, Any], rounds: int) -> lgb.Booster:
    """A model on some rows, weighted by uniqueness, for a given number of rounds."""
    return lgb.train(params, _lgb_set(data, rows, params), num_boost_round=rounds)


def _lgb_set(data: Dataset, rows: np.ndarray, params: dict[str, Any]) -> lgb.Dataset:
    return lgb.Dataset(
        data.features[rows],
        label=(data.y if params["objective"] == TARGETS["win"] else data.r)[rows],
        weight=data.weight[rows],
        feature_name=data.feature_names,
        params=params,
    )


def best_iteration(data: Dataset, rows: np.ndarray, params: dict[str, Any]) -> int:
    """Rounds until the loss (log loss, or squared error of r) of the last part of `rows`, purged from the rest, no longer falls."""
    cut = _day_start(int(data.t0[rows[int(len(rows) * (1 - INNER_SHARE))]]))
    early = np.intersect1d(rows, rows_before(data, cut), assume_unique=True)
    late = rows[data.t0[rows] >= cut]
    if len(early) < TRAIN_ROWS_MIN // 2 or len(late) < TEST_ROWS_MIN // 2:
        raise DataError(f"too few rows to stop early: {len(early)} before and {len(late)} after the inner border")
    model = lgb.train(
        params,
        _lgb_set(data, early, params),
        num_boost_round=ROUNDS_MAX,
        valid_sets=[_lgb_set(data, late, params)],
        callbacks=[lgb.early_stopping(STOPPING_ROUNDS, verbose=False)],
    )
    return max(1, model.best_iteration)


def walk_forward(data: Dataset, params: dict[str, Any]) -> WalkForward:
    """
    Trains on ever more rows and tests on the slice that follows, in order of time over all symbols together. The
    calibration of a slice is fitted on the slices before it.
    """
    borders = _fold_borders(data)
    folds: list[Fold] = []
    for from_ms, to_ms in zip(borders[:-1], borders[1:], strict=True):
        train = rows_before(data, from_ms)
        rows = np.flatnonzero((data.t0 >= from_ms) & (data.t0 < to_ms))
        if len(train) < TRAIN_ROWS_MIN or len(rows) < TEST_ROWS_MIN:
            raise DataError(
                f"too few rows: {len(train)} to train on (at least {TRAIN_ROWS_MIN}), "
                f"{len(rows)} to test on (at least {TEST_ROWS_MIN})"
            )
        rounds = best_iteration(data, train, params)
        margin = fit(data, train, params, rounds).predict(data.features[rows], raw_score=True)
        platt = platt_before(data, folds, from_ms) if folds else None
        folds.append(Fold(from_ms, to_ms, len(train), rounds, rows, np.asarray(margin), platt))
    return WalkForward(folds)


def _fold_borders(data: Dataset) -> list[int]:
    """Starts of the test slices at days, and the end of the last one; the slices have about equal rows."""
    shares = np.linspace(FIRST_TRAIN_SHARE, 1, FOLDS + 1)[:-1]
    borders = [_day_start(int(data.t0[int(len(data) * share)])) for share in shares]
    borders.append(int(data.t0[-1]) + 1)
    if len(set(borders)) != len(borders):
        raise DataError(f"too few days for {FOLDS} folds: {len(np.unique(data.day))}")
    return borders


def platt_before(data: Dataset, folds: list[Fold], from_ms: int) -> Platt:
    """The calibration for a test from `from_ms` on: of the folds' rows whose label had ended an embargo before."""
    rows = np.concatenate([fold.rows for fold in folds])
    margin = np.concatenate([fold.margin for fold in folds])
    known = data.t1[rows] + EMBARGO_MS <= from_ms
    return fit_platt(margin[known], data.y[rows][known])
