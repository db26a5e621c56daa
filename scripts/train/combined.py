"""
Combinatorial purged folds: six parts of the calendar with about equal rows, and every pair of them tested once by a model of
the other four. Unlike the walk-forward it asks the first rows too, and every row five times by other models.

    | part 1 | part 2 | part 3 | part 4 | part 5 | part 6 |
               tested           tested                       one of 15 folds
            >|        |<-   ->|        |<-                   a day, labels included, is cut out on both sides

Path k of 5 takes of each part its k-th test: a judgement of all rows, each by a model that had not seen its days.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from dataset import DAY_MS, DataError, Dataset
from metrics import Platt, fit_platt
from protocol import EMBARGO_MS, TEST_ROWS_MIN, TRAIN_ROWS_MIN, fit

PARTS = 6
TESTED_PARTS = 2
# Tests that each part takes part in.
PATHS = 5


@dataclass(frozen=True)
class CombinedFold:
    """Two tested parts, the rows that taught, and the raw margins of the model of these."""

    parts: tuple[int, ...]
    taught: np.ndarray
    rows: np.ndarray
    margin: np.ndarray


@dataclass(frozen=True)
class Combined:
    """All folds; `part` is that of each row."""

    part: np.ndarray
    folds: list[CombinedFold]

    def path(self, k: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Rows of path `k`, the margin of each, and the fold that it comes from."""
        rows, margins, folds = [], [], []
        for part in range(PARTS):
            own = [number for number, fold in enumerate(self.folds) if part in fold.parts][k]
            tested = self.part[self.folds[own].rows] == part
            rows.append(self.folds[own].rows[tested])
            margins.append(self.folds[own].margin[tested])
            folds.append(np.full(int(tested.sum()), own))
        return np.concatenate(rows), np.concatenate(margins), np.concatenate(folds)

    def platt(self, data: Dataset, number: int) -> Platt:
        """The calibration for a fold: of all tests of rows that taught it, in which its own tests have no part."""
        taught = np.zeros(len(data), dtype=bool)
        taught[self.folds[number].taught] = True
        rows = np.concatenate([fold.rows for fold in self.folds])
        margin = np.concatenate([fold.margin for fold in self.folds])
        known = taught[rows]
        return fit_platt(margin[known], data.y[rows][known])


def combined_folds(data: Dataset, params: dict[str, Any], rounds: int) -> Combined:
    """Trains and tests every pair of parts, for a number of rounds that was found without it."""
    part = _parts(data)
    folds: list[CombinedFold] = []
    for parts in combinations(range(PARTS), TESTED_PARTS):
        rows = np.flatnonzero(np.isin(part, parts))
        taught = np.flatnonzero(_may_teach(data, part, parts))
        if len(taught) < TRAIN_ROWS_MIN // 2 or len(rows) < TEST_ROWS_MIN:
            raise DataError(
                f"too few rows for combined folds: {len(taught)} to train on (at least {TRAIN_ROWS_MIN // 2}), "
                f"{len(rows)} to test on (at least {TEST_ROWS_MIN})"
            )
        margin = fit(data, taught, params, rounds).predict(data.features[rows], raw_score=True)
        folds.append(CombinedFold(parts, taught, rows, np.asarray(margin)))
    return Combined(part, folds)


def _parts(data: Dataset) -> np.ndarray:
    """The part of each row: whole days, all symbols of a day in one."""
    places = [int(len(data) * k / PARTS) for k in range(1, PARTS)]
    borders = [int(data.t0[place]) // DAY_MS for place in places]
    if len(set(borders)) != len(borders) or borders[0] <= data.day[0]:
        raise DataError(f"too few days for {PARTS} parts of the calendar: {len(np.unique(data.day))}")
    return np.searchsorted(borders, data.day, side="right")


def _may_teach(data: Dataset, part: np.ndarray, parts: tuple[int, ...]) -> np.ndarray:
    """Rows whose label had ended an embargo before a tested part, or that begin an embargo after its last label."""
    may = np.ones(len(data), dtype=bool)
    for tested in parts:
        own = part == tested
        first_day_ms = int(data.t0[own].min()) // DAY_MS * DAY_MS
        # A label may end, and an embargo too, in the middle of a day: symbols of one day know of one another.
        behind_ms = (int(data.t1[own].max()) + EMBARGO_MS) // DAY_MS * DAY_MS + DAY_MS
        may &= (data.t1 + EMBARGO_MS <= first_day_ms) | (data.t0 >= behind_ms)
    return may
