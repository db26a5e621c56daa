"""Small SVG charts as text: axes, points with intervals, bars. Colours are classes, so that the page's style decides."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape


@dataclass(frozen=True)
class Point:
    """A value with its interval at a place on the horizontal axis."""

    x: float
    y: float
    low: float
    high: float
    label: str
    style: str = "a"


@dataclass(frozen=True)
class Frame:
    """A plot's ranges in data units; pixels lie inside `width` x `height`."""

    x: tuple[float, float]
    y: tuple[float, float]
    width: int = 520
    height: int = 300
    left: int = 58
    right: int = 14
    top: int = 12
    bottom: int = 42

    def px(self, x: float) -> float:
        """Pixel column of a value."""
        share = (x - self.x[0]) / (self.x[1] - self.x[0])
        return self.left + share * (self.width - self.left - self.right)

    def py(self, y: float) -> float:
        """Pixel row of a value; values beyond the frame stay at its edge."""
        share = min(max((y - self.y[0]) / (self.y[1] - self.y[0]), 0.0), 1.0)
        return self.height - self.bottom - share * (self.height - self.top - self.bottom)


def ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Round values inside a range."""
    raw = (high - low) / count
    base = 10.0 ** _exponent(raw)
    step = next(base * factor for factor in (1, 2, 2.5, 5, 10) if base * factor >= raw * 0.999)
    first = int(low / step) - 1
    values = [round((first + k) * step, 12) for k in range(4 * count)]
    return [value for value in values if low - 1e-12 <= value <= high + 1e-12]


def _exponent(value: float) -> int:
    exponent = 0
    while value >= 10:
        value, exponent = value / 10, exponent + 1
    while value < 1:
        value, exponent = value * 10, exponent - 1
    return exponent


def points_chart(
    frame: Frame,
    points: list[Point],
    titles: tuple[str, str],
    x_labels: list[tuple[float, str]] | None = None,
    extra: str = "",
) -> str:
    """Points with vertical intervals; `extra` is drawn below them."""
    parts = [_axes(frame, titles, x_labels), extra]
    for point in points:
        x, low, high = frame.px(point.x), frame.py(point.low), frame.py(point.high)
        parts.append(
            f'<g class="{point.style}"><title>{escape(point.label)}</title>'
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{low:.1f}" y2="{high:.1f}" class="whisker"/>'
            f'<circle cx="{x:.1f}" cy="{frame.py(point.y):.1f}" r="4"/></g>'
        )
    return _svg(frame, "".join(parts))


def line(frame: Frame, start: tuple[float, float], end: tuple[float, float], style: str) -> str:
    """A straight line in data units."""
    return (
        f'<line x1="{frame.px(start[0]):.1f}" y1="{frame.py(start[1]):.1f}" '
        f'x2="{frame.px(end[0]):.1f}" y2="{frame.py(end[1]):.1f}" class="{style}"/>'
    )


def bar(share: float, style: str = "") -> str:
    """A horizontal bar for a table cell, 0..1 of its width."""
    width = 100 * min(max(share, 0.0), 1.0)
    return f'<span class="bar"><span class="{style}" style="width:{width:.1f}%"></span></span>'


def _axes(frame: Frame, titles: tuple[str, str], x_labels: list[tuple[float, str]] | None) -> str:
    labels = x_labels or [(value, f"{value:g}") for value in ticks(*frame.x)]
    bottom = frame.height - frame.bottom
    parts = []
    for value in ticks(*frame.y):
        y = frame.py(value)
        parts.append(
            f'<line x1="{frame.left}" x2="{frame.width - frame.right}" y1="{y:.1f}" y2="{y:.1f}" class="grid"/>'
            f'<text x="{frame.left - 8}" y="{y + 4:.1f}" text-anchor="end">{value:g}</text>'
        )
    for value, text in labels:
        parts.append(f'<text x="{frame.px(value):.1f}" y="{bottom + 17}" text-anchor="middle">{escape(text)}</text>')
    middle = (frame.top + bottom) / 2
    parts.append(
        f'<text x="{(frame.left + frame.width - frame.right) / 2:.1f}" y="{frame.height - 6}" '
        f'text-anchor="middle" class="title">{escape(titles[0])}</text>'
        f'<text transform="translate(13 {middle:.1f}) rotate(-90)" text-anchor="middle" class="title">'
        f"{escape(titles[1])}</text>"
    )
    return "".join(parts)


def _svg(frame: Frame, body: str) -> str:
    return f'<svg viewBox="0 0 {frame.width} {frame.height}" role="img">{body}</svg>'
