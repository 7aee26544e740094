"""POST /imports/areas: divisions from a table of the statistics bureau's codes."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO, Final

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.orm import Session

from app.access import audit
from app.access.areas import contains, county_of, level_of
from app.access.call import Call
from app.access.versions import bump_roster
from app.access.viewer import Role
from app.errors import NotFound
from app.models import Area
from app.roster.area_rules import LEVEL_WORDS, code_fault
from app.roster.cells import as_code, as_text, as_word
from app.roster.faults import Faults, Outcome, report
from app.roster.schemas import ImportReport
from app.roster.spreadsheet import Layout, Row, read_table
from app.roster.turns import take_roster

LAYOUT: Final = Layout(
    headings={
        "code": ("code", "代码"),
        "name": ("name", "名称"),
        "level": ("level", "级别"),
        "parent_code": ("parent_code", "上级代码"),
    },
    optional=frozenset(),
    max_rows=200_000,
)
MAX_NAME: Final = 100
LOOKUP_CHUNK: Final = 5_000
"""Codes in one query; SQLite takes 32,766 parameters."""

KnownArea = tuple[str, str | None]
"""Name and parent of an area on record."""


@dataclass(frozen=True, slots=True)
class AreaRow:
    number: int
    code: str
    name: str
    level: str
    parent_code: str | None


def import_areas(call: Call, file: BinaryIO, *, dry_run: bool, language: str) -> ImportReport:
    """Add and rename areas inside the viewer's own (the administrator: anywhere). Nothing is ever taken away: postings
    hang on areas that a newer table may no longer have.
    """
    own = _own_area(call)
    take_roster(call.session, own or "")
    faults = Faults()
    table = read_table(file, LAYOUT, faults)
    if faults:
        return report(len(table), [], faults, language)
    rows = [row for raw in table if (row := _read(raw, faults)) is not None]
    _check_scope(rows, own, faults)
    known = _load(call.session, {row.code for row in rows} | {row.parent_code for row in rows if row.parent_code})
    _check_parents(rows, known, faults)
    rows = [_keeping_parent(row, known) for row in rows]
    outcomes = [_outcome(row, known) for row in rows]
    if not faults and not dry_run:
        _save(call, rows, outcomes)
    return report(len(table), outcomes, faults, language)


def _own_area(call: Call) -> str | None:
    """None: the whole country."""
    if call.viewer.role is Role.ADMIN:
        return None
    if call.viewer.area_code is None:
        raise NotFound
    return call.viewer.area_code


def _read(raw: Row, faults: Faults) -> AreaRow | None:
    """The row, or None where a cell of it cannot be used."""
    code = as_code(raw, "code", faults)
    name = as_text(raw, "name", faults, MAX_NAME)
    level = as_word(raw, "level", faults, LEVEL_WORDS, "area_level_unknown")
    parent_code = as_code(raw, "parent_code", faults, required=False)
    if code is None or name is None or level is None:
        return None
    fault = code_fault(code, level, parent_code)
    if fault is not None:
        key = {"area_code_format": "code", "area_level": "level"}.get(fault, "parent_code")
        faults.add(raw.number, key, fault)
    return AreaRow(raw.number, code, name, level, parent_code)


def _check_scope(rows: Iterable[AreaRow], own: str | None, faults: Faults) -> None:
    first_with: dict[str, int] = {}
    for row in rows:
        if own is not None and not contains(own, row.code):
            faults.add(row.number, "code", "area_outside")
        earlier = first_with.setdefault(row.code, row.number)
        if earlier != row.number:
            faults.add(row.number, "code", "area_twice", earlier)


def _check_parents(rows: Sequence[AreaRow], known: Mapping[str, KnownArea], faults: Faults) -> None:
    listed = {row.code for row in rows}
    for row in rows:
        if row.parent_code is not None and row.parent_code not in listed and row.parent_code not in known:
            faults.add(row.number, "parent_code", "area_parent_unknown")


def _load(session: Session, codes: Iterable[str]) -> dict[str, KnownArea]:
    known: dict[str, KnownArea] = {}
    for chunk in _chunks(sorted(codes)):
        query = select(Area.code, Area.name, Area.parent_code).where(Area.code.in_(chunk))
        known |= {code: (name, parent) for code, name, parent in session.execute(query)}
    return known


def _chunks(codes: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(codes), LOOKUP_CHUNK):
        yield codes[start : start + LOOKUP_CHUNK]


def _keeping_parent(row: AreaRow, known: Mapping[str, KnownArea]) -> AreaRow:
    """A table of one city starts with the city, without saying where it belongs: what is on record stays."""
    if row.parent_code is not None or row.code not in known:
        return row
    return replace(row, parent_code=known[row.code][1])


def _outcome(row: AreaRow, known: Mapping[str, KnownArea]) -> Outcome:
    before = known.get(row.code)
    if before is None:
        return Outcome.CREATED
    return Outcome.UNCHANGED if before == (row.name, row.parent_code) else Outcome.UPDATED


def _save(call: Call, rows: Sequence[AreaRow], outcomes: Sequence[Outcome]) -> None:
    """Parents first: their codes are the smaller ones."""
    ordered = sorted(zip(rows, outcomes, strict=True), key=lambda pair: pair[0].code)
    created = [
        {"code": row.code, "name": row.name, "level": row.level, "parent_code": row.parent_code}
        for row, outcome in ordered
        if outcome is Outcome.CREATED
    ]
    updated = [
        {"at_code": row.code, "name": row.name, "parent_code": row.parent_code}
        for row, outcome in ordered
        if outcome is Outcome.UPDATED
    ]
    if not created and not updated:
        return
    if created:
        call.session.execute(insert(Area), created)
    if updated:
        # On the connection: the session would want whole rows by their primary key.
        call.session.connection().execute(update(Area).where(Area.code == bindparam("at_code")), updated)
    _announce(call, [row for row, outcome in ordered if outcome is not Outcome.UNCHANGED], len(created), len(updated))


def _announce(call: Call, changed: Iterable[AreaRow], created: int, updated: int) -> None:
    for county in sorted({county_of(row.code) for row in changed if row.level not in {"province", "city"}}):
        bump_roster(call.session, county)
    own = call.viewer.area_code
    call.audit(
        chain=own if own is not None and level_of(own) == "county" else audit.SERVICE,
        action="areas.imported",
        target=own or "",
        created=created,
        updated=updated,
    )
