"""Tables for people, JSON for machines."""

import json
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles
from typing import Any

from bench.registry import Result, Section

RESULTS = Path(__file__).resolve().parent / "results"
LONGEST_TEXT = 300
"""Of an answer that is kept as a sample; a batch's is as long as a book."""
LONGEST_LIST = 1000
"""Of single times; of more than that their percentiles are kept."""


def show(section: Section, result: Result) -> None:
    print(f"\n## {section.title}\n")
    if result.rows:
        _table(result.columns, result.rows)
    for note in result.notes:
        print(f"  {note}")
    if result.goals:
        print()
        _table(
            ("goal", "measured", "wanted", ""),
            [(g.name, g.value, g.wanted, "ok" if g.met else "MISSED") for g in result.goals],
        )


def _table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    cells = [list(columns), *[[_cell(value) for value in row] for row in rows]]
    widths = [max(_width(row[i]) for row in cells) for i in range(len(columns))]
    for number, row in enumerate(cells):
        print(
            "| "
            + " | ".join(text + " " * (width - _width(text)) for text, width in zip(row, widths, strict=True))
            + " |"
        )
        if number == 0:
            print("|" + "|".join("-" * (width + 2) for width in widths) + "|")


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.2f}"
    return str(value)


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def save(machine: dict[str, Any], results: dict[str, Result]) -> Path:
    RESULTS.mkdir(exist_ok=True)
    at = datetime.now(UTC)
    path = RESULTS / f"{at:%Y%m%dT%H%M%SZ}.json"
    content = {
        "at": at.isoformat(),
        "machine": machine,
        "sections": {
            name: {
                "table": [dict(zip(result.columns, row, strict=True)) for row in result.rows],
                "goals": [
                    {"name": g.name, "measured": g.value, "wanted": g.wanted, "met": g.met} for g in result.goals
                ],
                "notes": result.notes,
                "data": _shortened(result.data),
            }
            for name, result in results.items()
        },
    }
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", "utf-8")
    return path


def _shortened(value: Any) -> Any:
    """What is worth keeping beside the code."""
    if isinstance(value, str):
        return value[:LONGEST_TEXT]
    if isinstance(value, dict):
        return {name: _shortened(part) for name, part in value.items()}
    if not isinstance(value, list):
        return value
    if len(value) > LONGEST_LIST:
        return {"count": len(value), "percentiles": quantiles(value, n=100, method="inclusive")}
    return [_shortened(part) for part in value]
