# SPDX-License-Identifier: BSD-3-Clause
"""How do numbers become a picture? As groups of bars in an SVG, without any library."""

import math
from xml.sax.saxutils import escape

COLOURS = ["#888888", "#4477aa", "#228833", "#ee6677", "#ccbb44", "#66ccee", "#aa3377"]
WIDTH, LEFT, TOP, ROW, GAP = 860, 250, 58, 14, 10


def _ticks(most, log):
    """Values of the grid, from the axis on."""
    if log:
        return [10.0**e for e in range(-3, 7) if 10.0**e <= most * 10]
    step = 10 ** math.floor(math.log10(most))
    step = next(s for s in (step / 5, step / 2, step, step * 2) if most / s <= 8)
    return [step * i for i in range(math.ceil(most / step) + 1)]


def _number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


class Scale:
    """Where on the page a value is."""

    def __init__(self, least, most, log):
        self.log = log
        self.ticks = _ticks(most, log)
        if log:
            low = 10.0 ** math.floor(math.log10(least))
            self.ticks = [tick for tick in self.ticks if tick >= low]
        self.first, self.last = self.ticks[0], self.ticks[-1]

    def __call__(self, value):
        room = WIDTH - LEFT - 70
        if self.log:
            value = max(value, self.first)
            part = math.log(value / self.first) / math.log(self.last / self.first)
        else:
            part = value / self.last
        return round(LEFT + room * part, 1)


def _text(x, y, words, anchor="start", size=12):
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}" font-size="{size}">{escape(words)}</text>'


def _bar(scale, y, colour, median, least, most):
    """A bar to the median, a line from least to most, and the number."""
    middle = y + ROW / 2 - 1
    return [
        f'<rect x="{LEFT}" y="{y}" width="{max(scale(median) - LEFT, 1):.1f}" height="{ROW - 2}" fill="{colour}"/>',
        f'<line x1="{scale(least)}" y1="{middle}" x2="{scale(most)}" y2="{middle}" stroke="#000"/>',
        _text(scale(max(median, most)) + 4, y + ROW - 3, _number(median), size=10),
    ]


def svg(title, results, log=False):
    """Results as in report.h; a group per subject, a bar per variant."""
    subjects = list(dict.fromkeys(result["subject"] for result in results))
    variants = list(dict.fromkeys(result["variant"] for result in results))
    # a stray sample must not make all bars short: lines of the spread may end at the edge
    most = max(r["median"] for r in results)
    scale = Scale(min((r["median"] for r in results if r["median"] > 0), default=most), most * 1.05, log)
    clipped = [{**r, "max": min(r["max"], scale.last), "min": max(r["min"], 0)} for r in results]
    body, y = [], TOP
    for subject in subjects:
        own = [result for result in clipped if result["subject"] == subject]
        body.append(_text(LEFT - 8, y + len(own) * ROW / 2 + 4, subject, "end"))
        for result in own:
            colour = COLOURS[variants.index(result["variant"]) % len(COLOURS)]
            body += _bar(scale, y, colour, result["median"], result["min"], result["max"])
            y += ROW
        y += GAP
    grid = []
    for tick in scale.ticks:
        grid.append(f'<line x1="{scale(tick)}" y1="{TOP - 6}" x2="{scale(tick)}" y2="{y}" stroke="#ddd"/>')
        grid.append(_text(scale(tick), y + 14, _number(tick), "middle", 11))
    legend = []
    for i, variant in enumerate(variants):
        x = LEFT + i * 105
        legend.append(f'<rect x="{x}" y="32" width="10" height="10" fill="{COLOURS[i % len(COLOURS)]}"/>')
        legend.append(_text(x + 14, 41, variant))
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y + 24}" font-family="sans-serif">',
        f'<rect width="{WIDTH}" height="{y + 24}" fill="#fff"/>', _text(12, 20, title, size=14),
        *legend, *grid, *body, "</svg>", "",
    ])
