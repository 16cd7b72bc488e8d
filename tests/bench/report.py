# SPDX-License-Identifier: BSD-3-Clause
"""How are results shown by a benchmark in Python? As report.h does it."""

import json
import statistics


def spread(values):
    return {"median": round(statistics.median(values), 4), "min": round(min(values), 4),
            "max": round(max(values), 4)}


class Report:
    """with Report(path or None) as report: report.section(...); report.row(...)"""

    def __init__(self, path):
        self.path = path
        self.sections = []

    def section(self, title, unit, measure=""):
        self.sections.append({"section": title, "unit": unit, "ratio": measure, "results": []})
        print(f"\n{title:<51} {unit:>8} [min .. max]   {measure}", flush=True)

    def row(self, subject, variant, values, ratios=None):
        """`ratios` has one number per value, or is None."""
        result = {"subject": subject, "variant": variant, **spread(values)}
        line = f"{subject:<32} {variant:<17} {result['median']:9.2f}"
        line += f" [{result['min']:.2f} .. {result['max']:.2f}]"
        if ratios is not None:
            ratio = result["ratio"] = spread(ratios)
            line += f"   {ratio['median']:.2f} [{ratio['min']:.2f} .. {ratio['max']:.2f}]"
        self.sections[-1]["results"].append(result)
        print(line, flush=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if self.path and kind is None:
            with open(self.path, "w", encoding="utf-8") as out:
                json.dump(self.sections, out, indent=1)
                out.write("\n")
