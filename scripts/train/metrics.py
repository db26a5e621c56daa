"""Figures of a set of predictions: plain formulas over numpy arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# Twenty bins of equal width; the tiers 0.60, 0.70 and 0.85 are limits of bins.
PROBABILITY_BINS = 20
# Two-sided 95 % of the normal distribution.
NORMAL_95 = 1.959963984540054
SLOPE_MIN = 0.01
# Of the prior of the slope of a calibration.
SLOPE_DEVIATION = 0.5


@dataclass(frozen=True)
class Platt:
    """p = 1 / (1 + exp(-(a * margin + b))), a > 0."""

    a: float
    b: float
    n: int

    def apply(self, margin: np.ndarray) -> np.ndarray:
        """Calibrated probabilities of raw margins."""
        return sigmoid(self.a * margin + self.b)


@dataclass(frozen=True)
class Expectancy:
    """Mean result in R net of costs, with its day-block bootstrap interval; None without rows."""

    mean: float | None
    lower95: float | None
    upper95: float | None
    rows: int


def sigmoid(x: np.ndarray) -> np.ndarray:
    """The logistic function, without overflow on either side."""
    return np.where(x >= 0, 1 / (1 + np.exp(-np.abs(x))), np.exp(-np.abs(x)) / (1 + np.exp(-np.abs(x))))


def auc(score: np.ndarray, y: np.ndarray) -> float:
    """Area under the ROC curve by ranks (Mann-Whitney), ties halved; nan when one class is missing."""
    wins = int(y.sum())
    losses = len(y) - wins
    if wins == 0 or losses == 0:
        return float("nan")
    _, inverse, counts = np.unique(score, return_inverse=True, return_counts=True)
    rank = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    return float((rank[y == 1].sum() - wins * (wins + 1) / 2) / (wins * losses))


def auc_error(area: float, y: np.ndarray) -> float:
    """Standard error of an area under the curve (Hanley and McNeil 1982), rows taken as independent."""
    wins = int(y.sum())
    losses = len(y) - wins
    q1 = area / (2 - area)
    q2 = 2 * area**2 / (1 + area)
    variance = area * (1 - area) + (wins - 1) * (q1 - area**2) + (losses - 1) * (q2 - area**2)
    return float(np.sqrt(variance / (wins * losses)))


def brier(p: np.ndarray, y: np.ndarray) -> float:
    """Mean squared error of probabilities."""
    return float(np.mean((p - y) ** 2))


def logloss(p: np.ndarray, y: np.ndarray) -> float:
    """Mean negative log likelihood, nats."""
    kept = np.clip(p, 1e-15, 1 - 1e-15)
    return float(-np.mean(y * np.log(kept) + (1 - y) * np.log(1 - kept)))


def bin_of(p: np.ndarray) -> np.ndarray:
    """The bin of each probability: lower <= p < upper, the last one up to 1."""
    limits = np.arange(1, PROBABILITY_BINS) / PROBABILITY_BINS
    return np.searchsorted(limits, p, side="right")


def reliability(p: np.ndarray, y: np.ndarray) -> list[dict[str, float | int]]:
    """Rows and wins of each bin of probability."""
    place = bin_of(p)
    count = np.bincount(place, minlength=PROBABILITY_BINS)
    wins = np.bincount(place, weights=y, minlength=PROBABILITY_BINS)
    return [
        {
            "lower": k / PROBABILITY_BINS,
            "upper": (k + 1) / PROBABILITY_BINS,
            "count": int(count[k]),
            "wins": int(wins[k]),
        }
        for k in range(PROBABILITY_BINS)
    ]


def ece(p: np.ndarray, y: np.ndarray) -> float:
    """Expected calibration error: |mean probability - share of wins| of the bins, weighted by their rows."""
    place = bin_of(p)
    claimed = np.bincount(place, weights=p, minlength=PROBABILITY_BINS)
    won = np.bincount(place, weights=y, minlength=PROBABILITY_BINS)
    return float(np.abs(claimed - won).sum() / len(p))


def wilson(wins: int, count: int) -> tuple[float, float]:
    """The 95 % score interval of a share (Wilson 1927)."""
    if count == 0:
        return 0.0, 1.0
    share = wins / count
    z2 = NORMAL_95**2
    centre = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = NORMAL_95 / (1 + z2 / count) * np.sqrt(share * (1 - share) / count + z2 / (4 * count**2))
    return float(centre - half), float(centre + half)


def fit_platt(margin: np.ndarray, y: np.ndarray) -> Platt:
    """
    Logistic regression of the label on the margin with Platt's smoothed targets (Platt 1999). Every row counts alike,
    as in the tiers. The slope has a normal prior around 1, LightGBM's own probability: margins that hardly differ say
    nothing of a slope, and one fitted to them alone would be wild on others. Below its floor it is set to the floor.
    """
    wins = y.sum()
    target = np.where(y == 1, (wins + 1) / (wins + 2), 1 / (len(y) - wins + 2))
    a, b = 1.0, 0.0
    for _ in range(100):
        p = sigmoid(a * margin + b)
        curve = p * (1 - p)
        gradient = np.array([margin @ (target - p) - (a - 1) / SLOPE_DEVIATION**2, (target - p).sum()])
        cross = margin @ curve
        hessian = np.array([[margin**2 @ curve + 1 / SLOPE_DEVIATION**2, cross], [cross, curve.sum()]])
        step = np.linalg.solve(hessian, gradient)
        a, b = a + step[0], b + step[1]
        if np.abs(step).max() < 1e-12:
            break
    if a < SLOPE_MIN:
        return Platt(SLOPE_MIN, _intercept(SLOPE_MIN * margin, target), len(y))
    return Platt(float(a), float(b), len(y))


def _intercept(offset: np.ndarray, target: np.ndarray) -> float:
    """The intercept of a logistic regression whose slope is fixed, by Newton's method."""
    b = 0.0
    for _ in range(100):
        p = sigmoid(offset + b)
        step = float((target - p).sum() / (p * (1 - p)).sum())
        b += step
        if abs(step) < 1e-12:
            break
    return b


def day_blocks(r: np.ndarray, day: np.ndarray, seed: int, draws: int = 4000) -> Expectancy:
    """
    Mean of r and its 2.5 % and 97.5 % bounds by drawing whole days with replacement: rows of one day, of whatever
    symbol, share their market and are no independent evidence.
    """
    if len(r) == 0:
        return Expectancy(None, None, None, 0)
    _, block = np.unique(day, return_inverse=True)
    total = np.bincount(block, weights=r)
    count = np.bincount(block)
    drawn = np.random.default_rng(seed).integers(0, len(total), size=(draws, len(total)))
    means = total[drawn].sum(axis=1) / count[drawn].sum(axis=1)
    lower, upper = np.quantile(means, [0.025, 0.975])
    return Expectancy(float(np.mean(r)), float(lower), float(upper), len(r))


def psi_edges(values: np.ndarray) -> list[float]:
    """Inner limits of at most ten bins: the distinct deciles, without one that equals the largest value."""
    deciles = np.quantile(values, np.arange(1, 10) / 10, method="lower")
    return [float(edge) for edge in np.unique(deciles) if edge < values.max()]


def psi_counts(values: np.ndarray, edges: list[float]) -> list[int]:
    """Rows of each bin; a value lies in the bin whose number is the count of limits below it."""
    return [int(n) for n in np.bincount(np.searchsorted(edges, values, side="left"), minlength=len(edges) + 1)]


def psi(reference: list[int], counts: list[int]) -> float:
    """Population stability index of two histograms; half a row is added to every bin, so that none is empty."""
    expected = (np.array(reference) + 0.5) / (sum(reference) + 0.5 * len(reference))
    actual = (np.array(counts) + 0.5) / (sum(counts) + 0.5 * len(counts))
    return float(np.sum((actual - expected) * np.log(actual / expected)))
