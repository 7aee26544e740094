"""`import-calendar`: the operator loads years, also those that several counties rest on."""

import json
from pathlib import Path
from typing import Annotated

import typer

from app import clock
from app.cli import opening
from app.cli.console import MISUSED, Refusal, say
from app.cli.files import read_bounded
from app.cli.root import app
from app.policy.calendar import InvalidYear, Year, from_published
from app.provisions.calendar import load_year

_MAX_BYTES = 1_000_000


@app.command("import-calendar")
def import_calendar(
    files: Annotated[list[Path], typer.Argument(help="JSON 文件，holiday-cn 格式或 {year, off, working}")],
    source: Annotated[str | None, typer.Option(help="公布文件，如 国办发明电〔2026〕1号；默认取文件所载")] = None,
) -> None:
    """导入年度放假调休安排；已结束的日子（已报送月份除外）按新安排重新认定。"""
    years = [(*_read(file), file) for file in files]
    if len({year for year, *_ in years}) < len(years):
        raise Refusal("同一年份出现了两次。", "A year occurs twice.", MISUSED)
    settings = opening.load_settings()
    with opening.sole_use(settings, wait_seconds=30), opening.open_database(settings) as database:
        for year, published, stated, file in sorted(years, key=lambda item: item[0]):
            with database.writing() as session:
                notice = (source or stated or file.name)[:200]
                loaded = load_year(session, year, published, notice, now=clock.now(), by=None)
            rest, worked = len(published.off), len(published.working)
            say(f"{year}  放假 {rest} 天，调休上班 {worked} 天；重新认定 {loaded.days_changed} 人日")
            for area, period in loaded.locked:
                say(f"  {period}  {area}  已报送，未改动；需要时由县级更正")


def _read(file: Path) -> tuple[int, Year, str | None]:
    try:
        published = json.loads(read_bounded(file, _MAX_BYTES))
    except (ValueError, RecursionError) as error:
        raise Refusal(f"{file} 不是有效的 JSON。", f"{file} is not valid JSON.", MISUSED) from error
    try:
        year, days = from_published(published)
    except InvalidYear as invalid:
        raise Refusal(f"{file}：{invalid.zh}", f"{file}: {invalid.en}", MISUSED) from invalid
    return year, days, _stated_source(published)


def _stated_source(published: dict[str, object]) -> str | None:
    """The notice as the file names it: `source`, or holiday-cn's `papers`."""
    named = published.get("source") or published.get("papers")
    texts = named if isinstance(named, list) else [named]
    return "；".join(text for text in texts if isinstance(text, str)) or None
