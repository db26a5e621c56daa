"""Reads a folder written by `smcq dataset` and refuses whatever does not fit together."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

DATASET_VERSION = 1
DAY_MS = 86_400_000
COLUMNS = "i,side,setup,entry,stop_distance,exit_bar,reason,r,y,symbol,t0,t1,weight".split(",")
FILE_KEYS = ("name", "sha256", "symbol", "fromMs", "toMs", "bars", "candidates", "labelled", "stopTooWide")
LEVEL_EXITS = ("stop", "target")
# A symbol with fewer rows may miss both levels by chance.
STILL_ROWS_MIN = 50


class DataError(Exception):
    """Bad input; the text names file, line and column."""


@dataclass(frozen=True)
class Dataset:
    """Labelled candidates in order of time; times in ms since 1970 UTC, results in R."""

    features: np.ndarray
    y: np.ndarray
    r: np.ndarray
    entry: np.ndarray
    stop_distance: np.ndarray
    reason: np.ndarray
    symbol: np.ndarray
    t0: np.ndarray
    t1: np.ndarray
    weight: np.ndarray
    meta: dict[str, Any]

    def __len__(self) -> int:
        return len(self.y)

    @property
    def feature_names(self) -> list[str]:
        """The features' names in their order."""
        return list(self.meta["features"])

    @property
    def day(self) -> np.ndarray:
        """Day since 1970 of each candidate."""
        return self.t0 // DAY_MS

    @property
    def r_doubled_slippage(self) -> np.ndarray:
        """r with the entry's slippage taken twice: the label's entry lies some seconds before a live one. An entry that
        rests fills at its own price and has none."""
        if "entry" in self.meta["tradePlanParameters"]:
            return self.r
        slippage = float(self.meta["tradePlanParameters"]["slippageRatioPerSide"])
        return self.r - slippage * self.entry / self.stop_distance

    @property
    def r_gate(self) -> np.ndarray:
        """r with the slippage of entry and exit taken twice, the exit's price being taken for the entry's."""
        slippage = float(self.meta["tradePlanParameters"]["slippageRatioPerSide"])
        return self.r_doubled_slippage - slippage * self.entry / self.stop_distance

    def take(self, rows: np.ndarray) -> Dataset:
        """The rows of a mask or of ascending indices."""
        columns = "features y r entry stop_distance reason symbol t0 t1 weight".split()
        return replace(self, **{name: getattr(self, name)[rows] for name in columns})


def load_dataset(folder: Path) -> Dataset:
    """Reads the three files of a data set."""
    meta = _read_meta(folder / "dataset.json")
    features = _read_features(folder / "features.npy", len(meta["features"]))
    labels = _read_labels(folder / "labels.csv")
    rows = len(labels["y"])
    if rows != len(features) or rows != meta["totals"]["labelled"]:
        raise DataError(
            f"{folder}: labels.csv has {rows} rows, features.npy {len(features)}, "
            f"dataset.json says {meta['totals']['labelled']}"
        )
    data = Dataset(features=features, meta=meta, **labels)
    _check(data, folder / "labels.csv")
    return data


def still_symbols(data: Dataset) -> list[str]:
    """
    Symbols of which no plan ever met its stop or its target: their price cannot reach a level within two hours (a
    pegged pair such as USDCUSDT), so their labels tell of the symbol and nothing of its candidates.
    """
    met = np.isin(data.reason, LEVEL_EXITS)
    names = np.unique(data.symbol)
    return [
        str(name)
        for name in names
        if (data.symbol == name).sum() >= STILL_ROWS_MIN and not met[data.symbol == name].any()
    ]


def _read_meta(path: Path) -> dict[str, Any]:
    try:
        meta = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read: {error}") from error
    needed = ("datasetVersion", "featureSchemaSha256", "features", "tradePlanParameters", "totals", "files")
    missing = [key for key in needed if key not in meta]
    if missing:
        raise DataError(f"{path}: the key {missing[0]} is missing")
    if meta["datasetVersion"] != DATASET_VERSION:
        raise DataError(f"{path}: datasetVersion is {meta['datasetVersion']}, this script reads {DATASET_VERSION}")
    for place, file in enumerate(meta["files"]):
        lacking = [key for key in FILE_KEYS if key not in file]
        if lacking:
            raise DataError(f"{path}: the key files.{place}.{lacking[0]} is missing")
    return meta


def _read_features(path: Path, columns: int) -> np.ndarray:
    try:
        features = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise DataError(f"{path}: cannot be read: {error}") from error
    if features.dtype != np.float32 or features.ndim != 2 or features.shape[1] != columns:
        raise DataError(f"{path}: {features.dtype} {features.shape} instead of float32 (rows, {columns})")
    if not np.isfinite(features).all():
        row, column = np.argwhere(~np.isfinite(features))[0]
        raise DataError(f"{path}: row {row}, column {column} is not finite")
    return features


def _read_labels(path: Path) -> dict[str, np.ndarray]:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            header, *rows = csv.reader(file)
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read: {error}") from error
    if header != COLUMNS:
        raise DataError(f"{path}:1: the header is not {','.join(COLUMNS)}")
    short = next((line for line, row in enumerate(rows, 2) if len(row) != len(COLUMNS)), None)
    if short is not None:
        raise DataError(f"{path}:{short}: not {len(COLUMNS)} columns")
    columns = dict(zip(COLUMNS, zip(*rows, strict=True), strict=True)) if rows else {}
    if not columns:
        raise DataError(f"{path}: there are no rows")
    numbers = {name: _numbers(path, name, columns[name]) for name in ("entry", "stop_distance", "r", "weight")}
    whole = {name: _numbers(path, name, columns[name]).astype(np.int64) for name in ("y", "t0", "t1")}
    texts = {name: np.array(columns[name]) for name in ("reason", "symbol")}
    return {**numbers, **whole, **texts}


def _numbers(path: Path, name: str, cells: tuple[str, ...]) -> np.ndarray:
    for line, cell in enumerate(cells, 2):
        try:
            value = float(cell)
        except ValueError:
            value = float("nan")
        if not np.isfinite(value):
            raise DataError(f"{path}:{line}: {name} is {cell!r}, not a finite number")
    return np.array(cells, dtype=np.float64)


def _check(data: Dataset, path: Path) -> None:
    """Row numbers below are lines of the file: the header is line 1."""
    rules = (
        ("y", "is not 1 where r > 0 and 0 elsewhere", data.y != (data.r > 0)),
        ("t0", "is earlier than the line before", np.diff(data.t0, prepend=data.t0[0]) < 0),
        ("t1", "is not later than t0", data.t1 <= data.t0),
        ("weight", "is not in (0, 1]", ~((data.weight > 0) & (data.weight <= 1 + 1e-9))),
        ("stop_distance", "is not above 0", data.stop_distance <= 0),
    )
    for column, text, faulty in rules:
        if faulty.any():
            raise DataError(f"{path}:{int(np.argmax(faulty)) + 2}: {column} {text}")
