"""`import-calendar`: the operator loads years from files."""

import json

import pytest
from sqlalchemy import select

from app.database import Database
from app.models import AuditEvent, CalendarYear
from app.settings import Settings

HOLIDAY_CN = {
    "year": 2027,
    "papers": ["https://example.invalid/n.htm"],
    "days": [{"date": "2027-01-01", "isOffDay": True}],
}
OWN_SHAPE = {"year": 2026, "off": ["2026-01-01"], "working": ["2026-01-04"], "source": "国办发明电〔2025〕7号"}


@pytest.fixture
def file(tmp_path):
    def write(name: str, content: object) -> str:
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
        return str(path)

    return write


@pytest.fixture
def stored(environment):
    """(year, source, days) of what is loaded, and the audited years."""

    def read():
        database = Database(Settings(database_url=environment["DATABASE_URL"]))
        with database.reading() as session:
            years = [(row.year, row.source, row.days) for row in session.scalars(select(CalendarYear))]
            loaded = select(AuditEvent.target).where(AuditEvent.action == "calendar.loaded")
            audited = session.scalars(loaded.order_by(AuditEvent.number)).all()
        database.dispose()
        return sorted(years), list(audited)

    return read


def test_years_are_loaded_from_both_shapes_and_once(init, cli, file, stored):
    init()
    first = cli("import-calendar", file("a.json", HOLIDAY_CN), file("b.json", OWN_SHAPE))
    assert (first.code, first.err) == (0, "")
    assert "2027  放假 1 天，调休上班 0 天；重新认定 0 人日" in first.out
    years, audited = stored()
    assert years == [
        (2026, "国办发明电〔2025〕7号", {"off": ["2026-01-01"], "working": ["2026-01-04"]}),
        (2027, "https://example.invalid/n.htm", {"off": ["2027-01-01"], "working": []}),
    ]
    assert audited == ["2026", "2027"]
    assert cli("import-calendar", file("a.json", HOLIDAY_CN)).code == 0
    assert stored() == (years, audited), "the same again changes nothing"
    named = cli("import-calendar", file("c.json", {**OWN_SHAPE, "off": ["2026-01-02"]}), "--source", "更正通知")
    assert named.code == 0
    assert stored()[0][0] == (2026, "更正通知", {"off": ["2026-01-02"], "working": ["2026-01-04"]})


def test_what_is_no_calendar_is_refused_before_anything_is_loaded(init, cli, file, stored, tmp_path):
    init()
    good = file("good.json", HOLIDAY_CN)
    broken = [
        file("broken.json", "{"),
        file("deep.json", "[" * 100_000),
        file("list.json", []),
        file("empty.json", {"year": 2027, "days": []}),
        file("words.json", {"year": 2027, "days": [{"date": "2027-01-01", "isOffDay": "yes"}]}),
        file("large.json", " " * 1_000_001),
        str(tmp_path / "missing.json"),
        str(tmp_path),
        file("again.json", HOLIDAY_CN),
    ]
    for path in broken:
        outcome = cli("import-calendar", good, path)
        assert outcome.code == 2, path
        assert outcome.err.count("\n") == 1, outcome.err
    assert stored() == ([], [])
