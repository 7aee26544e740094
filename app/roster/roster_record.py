"""What is on record about the people, units and villages that a roster file names, in a fixed number of queries."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, exists, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from app.access.areas import city_of, prefix_range, province_of
from app.access.scope import visible
from app.access.viewer import Viewer
from app.models import Account, Area, Cadre, DispatchUnit, Posting, Vacancy
from app.roster.faults import Outcome
from app.roster.roster_rows import RosterRow

LOOKUP_CHUNK: Final = 5_000
"""Values in one query; SQLite takes 32,766 parameters."""


@dataclass(frozen=True, slots=True)
class KnownPosting:
    row: Posting
    unit_name: str
    unit_level: str
    recalled: bool
    """A recall or reassignment has ended it."""


@dataclass(frozen=True, slots=True)
class Match:
    """A row of the file beside what is on record about its person and its posting."""

    row: RosterRow
    cadre: Cadre | None
    posting: KnownPosting | None

    @property
    def ends_on(self) -> date | None:
        """The end that will hold: an empty cell leaves the one on record."""
        return self.row.ends_on or (self.posting.row.ends_on if self.posting else None)

    @property
    def outcome(self) -> Outcome:
        if self.cadre is None or self.posting is None:
            return Outcome.CREATED
        return Outcome.UPDATED if self.cadre_changed or self.posting_changed else Outcome.UNCHANGED

    @property
    def cadre_changed(self) -> bool:
        cadre = self.cadre
        return cadre is not None and (cadre.name, cadre.phone) != (self.row.name, self.row.phone)

    @property
    def posting_changed(self) -> bool:
        if self.posting is None:
            return False
        return (self.posting.row.duty, self.posting.row.ends_on) != (self.row.duty, self.ends_on)


@dataclass(frozen=True, slots=True)
class Record:
    county: str
    villages: dict[str, tuple[str, str]]
    """Every village of the county: its name and its township's, by code."""
    cadres: dict[str, Cadre]
    """Of the county, by ID number."""
    phones: dict[str, set[UUID | None]]
    """The cadres that have a phone or sign in with it; None stands for an account of somebody else."""
    units: dict[str, list[DispatchUnit]]
    """By name: the county's, and those of the city and province above it."""
    postings: list[KnownPosting]
    """Of these cadres, and in these villages."""

    def unmatched(self, matches: Iterable[Match]) -> list[KnownPosting]:
        """The postings on record that no row speaks of."""
        matched = {match.posting.row.id for match in matches if match.posting is not None}
        return [known for known in self.postings if known.row.id not in matched]


def match_rows(rows: Iterable[RosterRow], record: Record) -> list[Match]:
    """A row means a posting on record where person, village and first day are the same."""
    by_key = {(known.row.cadre_id, known.row.village_code, known.row.starts_on): known for known in record.postings}
    matches = []
    for row in rows:
        cadre = record.cadres.get(row.id_number)
        posting = by_key.get((cadre.id, row.village_code, row.starts_on)) if cadre else None
        matches.append(Match(row, cadre, posting))
    return matches


def load_record(session: Session, viewer: Viewer, county: str, rows: Sequence[RosterRow]) -> Record:
    cadres = {
        cadre.id_number: cadre
        for cadre in _in_chunks(
            session, select(Cadre).where(Cadre.county_code == county), Cadre.id_number, {row.id_number for row in rows}
        )
    }
    return Record(
        county=county,
        villages=_villages(session, county),
        cadres=cadres,
        phones=_phones(session, {row.phone for row in rows}),
        units=units_named(session, county, {row.unit for row in rows}),
        postings=_postings(
            session, viewer, [cadre.id for cadre in cadres.values()], {row.village_code for row in rows}
        ),
    )


def _villages(session: Session, county: str) -> dict[str, tuple[str, str]]:
    township = aliased(Area)
    query = (
        select(Area.code, Area.name, township.name)
        .join(township, township.code == Area.parent_code)
        .where(Area.level == "village", Area.code.between(*prefix_range(county)))
    )
    return {code: (name, township_name) for code, name, township_name in session.execute(query)}


def _phones(session: Session, phones: Collection[str]) -> dict[str, set[UUID | None]]:
    """Phones and logins are unique in the whole service, so this looks beyond the county; nothing of it is shown."""
    owners: dict[str, set[UUID | None]] = defaultdict(set)
    for query, column in (
        (select(Cadre.phone, Cadre.id), Cadre.phone),
        (select(Account.login, Account.cadre_id), Account.login),
    ):
        for phone, owner in rows_in_chunks(session, query, column, phones):
            owners[phone].add(owner)
    return owners


def units_named(session: Session, county: str, names: Collection[str]) -> dict[str, list[DispatchUnit]]:
    query = select(DispatchUnit).where(DispatchUnit.area_code.in_(unit_areas(county).values()))
    units: dict[str, list[DispatchUnit]] = defaultdict(list)
    for unit in _in_chunks(session, query, DispatchUnit.name, names):
        units[unit.name].append(unit)
    return units


def unit_areas(county: str) -> dict[str, str]:
    """The area that a unit of each level belongs to, seen from a county."""
    return {"province": province_of(county), "city": city_of(county), "county": county}


def _postings(
    session: Session, viewer: Viewer, cadre_ids: Collection[UUID], villages: Collection[str]
) -> list[KnownPosting]:
    found: dict[UUID, KnownPosting] = {}
    query = (
        select(Posting, DispatchUnit.name, DispatchUnit.level, exists().where(Vacancy.posting_id == Posting.id))
        .join(DispatchUnit, DispatchUnit.id == Posting.unit_id)
        .where(visible(viewer, Posting))
    )
    wanted: tuple[tuple[InstrumentedAttribute[Any], Collection[Any]], ...] = (
        (Posting.cadre_id, cadre_ids),
        (Posting.village_code, villages),
    )
    for column, values in wanted:
        for posting, name, level, recalled in rows_in_chunks(session, query, column, values):
            found[posting.id] = KnownPosting(posting, name, level, recalled)
    return list(found.values())


def _in_chunks(
    session: Session, query: Select[*tuple[Any, ...]], column: InstrumentedAttribute[Any], values: Collection[Any]
) -> Iterator[Any]:
    """The first column of each row."""
    return (row[0] for row in rows_in_chunks(session, query, column, values))


def rows_in_chunks(
    session: Session, query: Select[*tuple[Any, ...]], column: InstrumentedAttribute[Any], values: Collection[Any]
) -> Iterator[Any]:
    listed = sorted(values)
    for start in range(0, len(listed), LOOKUP_CHUNK):
        yield from session.execute(query.where(column.in_(listed[start : start + LOOKUP_CHUNK])))
