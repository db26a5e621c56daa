"""The report as one HTML page without anything from outside: light and dark, readable without scripts."""

from __future__ import annotations

from html import escape
from typing import Any

from chart import Frame, Point, bar, line, points_chart
from dataset import Dataset
from metrics import NORMAL_95, SLOPE_MIN, wilson
from report import CONFIDENCE_MIN, Training, target_of

STYLE = """
:root { color-scheme: light dark; --ink: #1c2430; --soft: #5b6675; --line: #d9dfe7; --back: #fbfcfd; --card: #ffffff;
  --a: #2563a8; --b: #b45f06; --good: #19713c; --bad: #b3261e; --warn: #8a5a00; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaf0; --soft: #9aa6b5; --line: #303a47; --back: #12161c;
  --card: #1a2028; --a: #6ba6e8; --b: #e5a04e; --good: #64c488; --bad: #f08b83; --warn: #e0b354; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1080px; padding: 28px 24px 64px; background: var(--back); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 26px; margin: 0 0 4px; } h2 { font-size: 18px; margin: 36px 0 8px; }
p { margin: 6px 0 12px; max-width: 78ch; } .soft { color: var(--soft); }
.verdict { border-left: 5px solid var(--warn); background: var(--card); padding: 12px 16px; margin: 18px 0; }
.verdict.good { border-color: var(--good); } .verdict.bad { border-color: var(--bad); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 10px; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 10px 12px; }
.tile b { display: block; font-size: 21px; font-variant-numeric: tabular-nums; } .tile span { color: var(--soft); font-size: 13px; }
.two { display: grid; grid-template-columns: repeat(auto-fit, minmax(420px, 1fr)); gap: 18px; align-items: start; }
figure { margin: 0; background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 10px 12px; }
figcaption { color: var(--soft); font-size: 13px; } svg { width: 100%; height: auto; display: block; }
svg text { fill: var(--soft); font: 12px system-ui, sans-serif; } svg .title { fill: var(--ink); }
svg .grid { stroke: var(--line); } svg .even { stroke: var(--soft); stroke-dasharray: 5 4; }
svg .a { fill: var(--a); stroke: var(--a); } svg .b { fill: var(--b); stroke: var(--b); } svg .whisker { stroke-width: 1.6; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: 14px; }
th, td { text-align: right; padding: 4px 10px; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { color: var(--soft); font-weight: 600; } th:first-child, td:first-child { text-align: left; }
.bar { display: inline-block; width: 160px; height: 10px; background: var(--line); border-radius: 3px; overflow: hidden; }
.bar span { display: block; height: 100%; background: var(--a); } .bar .watch { background: var(--warn); } .bar .far { background: var(--bad); }
.good { color: var(--good); } .bad { color: var(--bad); } .key-a { color: var(--a); } .key-b { color: var(--b); }
code { font-size: 13px; overflow-wrap: anywhere; }
"""


def render_page(training: Training, report: dict[str, Any]) -> str:
    """The whole page."""
    sections = [
        _head(report),
        _folds(report),
        _combined(report),
        _reliability(report),
        _expectancy(report),
        _importances_and_drift(report),
        _null_tests(report),
        _data(training.data, report),
        _method(report),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Training report</title><style>{STYLE}</style></head>\n<body>{''.join(sections)}</body></html>\n"
    )


def _head(report: dict[str, Any]) -> str:
    tested, data = report["outOfSample"], report["dataset"]
    tiles = [
        (f"{tested['auc']:.3f}", "AUC, walk-forward, slices pooled"),
        (f"{tested['aucMeanOfFolds']:.3f}", "AUC, walk-forward, mean of slices"),
        (f"{report['holdOut']['auc']:.3f}", "AUC, hold-out"),
        (f"{tested['brier']:.4f}", f"Brier ({tested['brierOfBaseRate']:.4f} for the base rate alone)"),
        (f"{tested['ece']:.3f}", "ECE, walk-forward"),
        (f"{tested['expectancyR']['rowsAbove060']:,}", f"{target_of(report).rows_text}, of {tested['n']:,}"),
        (f"{data['labelled']:,}", f"labelled candidates of {data['symbols']} symbols"),
        (f"{data['baseRate']:.3f}", "share of wins"),
        (f"{report['rounds']}", "trees"),
    ]
    cards = "".join(f'<div class="tile"><b>{value}</b><span>{text}</span></div>' for value, text in tiles)
    model = f"{report['trainer']['name']} {report['trainer']['version']}"
    span = report["ranges"]["train"]
    return (
        f'<h1>Training report</h1><p class="soft">{model}, {span["fromUtc"][:10]} to {span["toUtc"][:10]}, '
        f"text sha256 <code>{report['modelTextSha256']}</code></p>"
        f'{_verdict(report)}<div class="tiles">{cards}</div>'
    )


def _verdict(report: dict[str, Any]) -> str:
    tested = report["outOfSample"]
    if not report["nullTests"]["passed"]:
        text = "A null test failed: the protocol finds what is not there."
        return f'<div class="verdict bad"><b>Not published.</b> {text}</div>'
    daily = report["calendar"]["daily"]
    why = (
        f"{target_of(report).rows_text} earn {_interval(tested['expectancyR'])} after costs, out of sample: "
        f"{tested['expectancyR']['rowsAbove060']} rows on {len(daily['days'])} days. All candidates together earn "
        f"{_interval(tested['expectancyOfAllRowsR'])}. Whether that is an edge says <code>smcq model import</code>: slippage "
        "twice, three separate periods, 120 days, 500 rows, corrected for every variant ever tried."
    )
    if report["calibration"]["a"] <= SLOPE_MIN:
        why += " The scores rank no better than chance, so the calibration is flat."
    return f'<div class="verdict"><b>Not judged yet.</b> {why}</div>'


def _interval(part: dict[str, Any]) -> str:
    if part["mean"] is None:
        return "no rows"
    return f"{part['mean']:+.3f} R ({part['lower95']:+.3f} to {part['upper95']:+.3f})"


def _table(header: list[str], rows: list[list[str]]) -> str:
    head = "".join(f"<th>{cell}</th>" for cell in header)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _folds(report: dict[str, Any]) -> str:
    folds = report["folds"]
    half = [NORMAL_95 * fold["aucError"] for fold in folds]
    low = min(0.45, *(fold["auc"] - width for fold, width in zip(folds, half, strict=True)))
    high = max(0.55, *(fold["auc"] + width for fold, width in zip(folds, half, strict=True)))
    frame = Frame((0.5, len(folds) + 0.5), (low - 0.01, high + 0.01), width=1000, height=240)
    points = [
        Point(
            k,
            fold["auc"],
            fold["auc"] - width,
            fold["auc"] + width,
            f"{fold['fromUtc'][:10]}: {fold['auc']:.4f}",
        )
        for k, (fold, width) in enumerate(zip(folds, half, strict=True), 1)
    ]
    labels = [(float(k), f"{fold['fromUtc'][:10]} to {fold['toUtc'][5:10]}") for k, fold in enumerate(folds, 1)]
    even = line(frame, (0.5, 0.5), (len(folds) + 0.5, 0.5), "even")
    chart = points_chart(frame, points, ("test slice", "AUC"), labels, even)
    rows = [
        [
            f"{fold['fromUtc'][:10]} to {fold['toUtc'][:10]}",
            f"{fold['trainRows']:,}",
            f"{fold['testRows']:,}",
            str(fold["bestIteration"]),
            f"{fold['auc']:.4f}",
            f"{fold['logloss']:.4f}",
            f"{fold['brier']:.4f}",
            f"{fold['baseRate']:.3f}",
        ]
        for fold in folds
    ]
    header = ["test slice", "train rows", "test rows", "trees", "AUC", "log loss", "Brier", "wins"]
    return (
        "<h2>Walk-forward</h2><p>Each slice is tested by a model of the rows before it, a day apart. Whiskers: 95 % if "
        "rows were independent; the dashed line is chance. Log loss and Brier are of LightGBM's own probability.</p>"
        f"<figure>{chart}</figure>{_table(header, rows)}"
    )


def _combined(report: dict[str, Any]) -> str:
    part = report["combinatorial"]
    rows = [
        [
            f"path {k}",
            f"{path['rows']:,}",
            f"{path['auc']:.4f}",
            str(path["expectancyR"]["rowsAbove060"]),
            _interval(path["expectancyR"]),
            _interval(path["expectancyDoubledSlippageR"]),
        ]
        for k, path in enumerate(part["paths"], 1)
    ]
    areas = [fold["auc"] for fold in part["folds"]]
    header = ["", "rows", "AUC", target_of(report).rows_text, "mean result", "with the entry's slippage twice"]
    return (
        "<h2>Combinatorial purged folds</h2><p>Six parts of the calendar, every pair of them tested by a model of the other "
        f"four, a day cut out on both sides: {len(areas)} folds, AUC {min(areas):.4f} to {max(areas):.4f}. Each path judges "
        f"every row once, by another set of models.</p>{_table(header, rows)}"
    )


def _reliability(report: dict[str, Any]) -> str:
    frame = Frame((0, 1), (0, 1), height=420)
    points = []
    for style, shift, key in (("a", -0.006, "outOfSample"), ("b", 0.006, "holdOut")):
        for each in report[key]["reliability"]:
            if each["count"] == 0:
                continue
            low, high = wilson(each["wins"], each["count"])
            share = each["wins"] / each["count"]
            label = f"{each['lower']:.2f} to {each['upper']:.2f}: {each['wins']} of {each['count']}"
            points.append(Point((each["lower"] + each["upper"]) / 2 + shift, share, low, high, label, style))
    even = line(frame, (0, 0), (1, 1), "even") + line(frame, (0.6, 0), (0.6, 1), "grid")
    chart = points_chart(frame, points, ("calibrated confidence", "share of wins"), None, even)
    rows = []
    for name, key in (("walk-forward", "outOfSample"), ("hold-out", "holdOut")):
        part = report[key]
        figures = [f"{part[figure]:.4f}" for figure in ("auc", "brier", "brierOfBaseRate", "logloss", "ece")]
        rows.append([name, f"{part['n']:,}", f"{part['baseRate']:.3f}", *figures])
    calibration = report["calibration"]
    header = ["", "rows", "wins", "AUC", "Brier", "Brier of base rate", "log loss", "ECE"]
    return (
        "<h2>Reliability</h2><p>What was claimed against what came, by bins of 0.05 with Wilson intervals: "
        '<span class="key-a">walk-forward</span> (calibrated on earlier slices), <span class="key-b">hold-out</span> '
        f"({report['holdOut']['range']['fromUtc'][:10]} to {report['holdOut']['range']['toUtc'][:10]}, no choice was made on it). "
        f"Shipped calibration: 1 / (1 + exp(-({calibration['a']:.4f} margin {calibration['b']:+.4f}))), fitted on "
        f"{calibration['n']:,} out-of-fold margins.</p>"
        f'<div class="two"><figure>{chart}</figure><div>{_table(header[:5], [row[:5] for row in rows])}'
        f"{_table(['', *header[5:]], [[row[0], *row[5:]] for row in rows])}</div></div>"
    )


def _expectancy(report: dict[str, Any]) -> str:
    figures = []
    for name, key in (("Walk-forward", "outOfSample"), ("Hold-out", "holdOut")):
        fifths = report[key]["fifths"]
        values = [value for part in fifths for value in (part["lower95"], part["upper95"])]
        frame = Frame((0.5, 5.5), (min(-0.1, *values) - 0.05, max(0.1, *values) + 0.05), height=260)
        points = [
            Point(k, part["mean"], part["lower95"], part["upper95"], _interval(part), "a" if key == "outOfSample" else "b")
            for k, part in enumerate(fifths, 1)
        ]
        labels = [(float(k), f"to {part['confidenceTo']:.3f}") for k, part in enumerate(fifths, 1)]
        zero = line(frame, (0.5, 0), (5.5, 0), "even")
        chart = points_chart(frame, points, ("fifth of confidence", "mean R after costs"), labels, zero)
        figures.append(f"<figure>{chart}<figcaption>{name}: intervals from whole days drawn with replacement.</figcaption></figure>")
    rows = []
    for name, key in (("walk-forward", "outOfSample"), ("hold-out", "holdOut")):
        part = report[key]
        rows.append(
            [
                name,
                str(part["expectancyR"]["rowsAbove060"]),
                _interval(part["expectancyR"]),
                _interval(part["expectancyDoubledSlippageR"]),
                _interval(part["expectancyOfAllRowsR"]),
            ]
        )
    header = ["", target_of(report).rows_text, "mean result", "with the entry's slippage twice", "all candidates"]
    return f'<h2>Expectancy after costs</h2>{_table(header, rows)}<div class="two">{"".join(figures)}</div>'


def _importances_and_drift(report: dict[str, Any]) -> str:
    parts = report["importances"]
    moved = report["psi"]["developmentToHoldOut"]
    most = max(part["gain"] for part in parts) or 1
    ranked = sorted(parts, key=lambda part: -part["gain"])
    gains = [
        [escape(part["feature"]), bar(part["gain"] / most), f"{part['gain']:.1f}", str(part["splits"])] for part in ranked
    ]
    drift = []
    for part, value in sorted(zip(parts, moved, strict=True), key=lambda pair: -pair[1]):
        style = "far" if value > 0.25 else "watch" if value > 0.1 else ""
        drift.append([escape(part["feature"]), bar(value / 0.5, style), f"{value:.3f}"])
    return (
        '<div class="two"><div><h2>Feature importances</h2>'
        f"{_table(['feature', 'gain', '', 'splits'], gains)}</div><div><h2>Drift to the hold-out (PSI)</h2>"
        f"{_table(['feature', 'bar: 0 to 0.5', 'PSI'], drift)}"
        '<p class="soft">Convention: up to 0.1 stable, above 0.25 another population.</p></div></div>'
    )


def _null_tests(report: dict[str, Any]) -> str:
    null = report["nullTests"]

    def row(name: str, area: float) -> list[str]:
        word = '<span class="good">passed</span>' if abs(area - 0.5) <= 0.03 else '<span class="bad">failed</span>'
        return [name, f"{area:.4f}", word]

    rows = [
        row(f"random walks ({null['randomWalkRows']:,} candidates)", null["randomWalkAuc"]),
        row("these candidates, labels permuted", null["permutedAuc"]),
    ]
    return (
        "<h2>Null tests</h2><p>The same walk-forward where nothing can be found. An AUC beyond 0.50 &plusmn; 0.03 would "
        f"mean that later rows leak into earlier ones.</p>{_table(['data', 'AUC', ''], rows)}"
    )


def _data(data: Dataset, report: dict[str, Any]) -> str:
    rows = [
        [
            escape(file["path"]),
            file["fromUtc"][:16].replace("T", " "),
            file["toUtc"][:16].replace("T", " "),
            f"{file['bars']:,}",
            f"{file['labelled']:,}",
        ]
        for file in report["dataset"]["files"]
    ]
    exits = {reason: int((data.reason == reason).sum()) for reason in ("stop", "target", "stagnation", "time")}
    counted = ", ".join(f"{reason} {count:,}" for reason, count in exits.items())
    excluded = report["excludedSymbols"]
    left_out = (
        f" Left out: {escape(', '.join(excluded))}, of which no plan ever met its stop or its target: its labels tell of "
        "the symbol, not of its candidates."
        if excluded
        else ""
    )
    return (
        f"<h2>Data</h2><p>{report['dataset']['candidates']:,} candidates, {report['dataset']['labelled']:,} labelled, "
        f"{report['dataset']['stopTooWide']} with a stop too wide. Exits: {counted}.{left_out}</p>"
        f"{_table(['file', 'from (UTC)', 'to', 'bars', 'labelled'], rows)}"
    )


def _method(report: dict[str, Any]) -> str:
    params = ", ".join(f"{escape(key)} {escape(str(value))}" for key, value in report["trainer"]["params"].items())
    source = report["gitCommit"] or "unknown"
    dirty = " (with local changes)" if report["isDirty"] else ""
    return (
        f"<h2>Method</h2><p>Parameter sets tried on this data: {report['trials']}. Weights: average uniqueness. Trees of the "
        f"shipped model: the median of the slices, trained on all rows. Parameters: {params}.</p>"
        f'<p class="soft">Sources: <code>{escape(source)}</code>{dirty}. Steps and reasons: scripts/train/README.md.</p>'
    )
