"""POST /imports/roster: the county office's workbook, checked as a whole before a row of it is saved."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import BinaryIO

from app.access.call import Call
from app.errors import NotFound
from app.roster.area_rules import is_same_village
from app.roster.faults import Column, Faults, report
from app.roster.overlaps import Stay, collisions
from app.roster.roster_record import Match, Record, load_record, match_rows
from app.roster.roster_rows import LAYOUT, read_rows
from app.roster.roster_writes import save
from app.roster.schemas import ImportReport
from app.roster.spreadsheet import read_table
from app.roster.turns import take_roster


def import_roster(call: Call, file: BinaryIO, *, dry_run: bool, language: str) -> ImportReport:
    """Enter the cadres, units and postings that the file adds or changes; what it does not name stays."""
    county = call.viewer.area_code
    if county is None:
        raise NotFound
    take_roster(call.session, county)
    faults = Faults()
    table = read_table(file, LAYOUT, faults)
    if faults:
        return report(len(table), [], faults, language)
    rows = read_rows(table, call.today, faults)
    record = load_record(call.session, call.viewer, county, rows)
    matches = match_rows(rows, record)
    for match in matches:
        _check_against_record(match, record, faults)
    _check_overlaps(matches, record, faults)
    _check_levels(matches, record, faults)
    outcomes = [match.outcome for match in matches]
    if not faults and not dry_run:
        save(call, record, matches, outcomes)
    return report(len(table), outcomes, faults, language)


def _check_against_record(match: Match, record: Record, faults: Faults) -> None:
    row, cadre, posting = match.row, match.cadre, match.posting
    village = record.villages.get(row.village_code)
    if village is None:
        faults.add(row.number, Column.VILLAGE_CODE, "village_unknown")
    elif not is_same_village(row.village, *village):
        faults.add(row.number, Column.VILLAGE, "village_name")
    if any(unit.level != row.unit_level for unit in record.units.get(row.unit, ())):
        faults.add(row.number, Column.UNIT_LEVEL, "unit_level_conflict")
    if record.phones.get(row.phone, set()) - ({cadre.id} if cadre else set()):
        faults.add(row.number, Column.PHONE, "phone_taken")
    if posting is None:
        return
    if posting.unit_name != row.unit:
        faults.add(row.number, Column.UNIT, "unit_changed")
    if posting.recalled and match.ends_on != posting.row.ends_on:
        faults.add(row.number, Column.ENDS_ON, "posting_recalled")


def _check_overlaps(matches: Sequence[Match], record: Record, faults: Faults) -> None:
    """Nobody is in two villages at once."""
    stays: dict[object, list[Stay]] = defaultdict(list)
    for match in matches:
        stays[match.row.id_number].append(_proposed(match))
    number_of = {cadre.id: number for number, cadre in record.cadres.items()}
    for known in record.unmatched(matches):
        number = number_of.get(known.row.cadre_id)
        if number is not None:
            stays[number].append(Stay(None, known.row.starts_on, known.row.ends_on, proposed=False))
    _blame(stays.values(), faults, Column.STARTS_ON, "posting_overlaps")


def _check_levels(matches: Sequence[Match], record: Record, faults: Faults) -> None:
    """Teams of two levels do not serve in one village at the same time (第四条)."""
    stays: dict[str, list[Stay]] = defaultdict(list)
    for match in matches:
        stays[match.row.village_code].append(_proposed(match, match.row.unit_level))
    for known in record.unmatched(matches):
        on_record = Stay(None, known.row.starts_on, known.row.ends_on, proposed=False, kind=known.unit_level)
        stays[known.row.village_code].append(on_record)
    _blame(stays.values(), faults, Column.UNIT_LEVEL, "levels_mixed")


def _proposed(match: Match, kind: str | None = None) -> Stay:
    return Stay(match.row.number, match.row.starts_on, match.ends_on, proposed=True, kind=kind)


def _blame(groups: Iterable[Sequence[Stay]], faults: Faults, column: Column, code: str) -> None:
    for stays in groups:
        for stay, other in collisions(stays):
            if stay.label is not None:
                faults.add(stay.label, column, code if other.proposed else f"{code}_record", other.label)
