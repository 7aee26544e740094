"""Saving a roster file that was found right, in sets."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select

from app.access.areas import township_of
from app.access.call import Call
from app.access.scope import visible
from app.access.versions import bump_roster
from app.access.viewer import Role
from app.attendance.posting_dates import IMPORTED_ZH, judge_moved_end, judge_new_postings
from app.ids import new_id
from app.models import Account, Cadre, DispatchUnit, Posting
from app.roster.faults import Outcome
from app.roster.roster_record import Match, Record, rows_in_chunks, unit_areas
from app.roster.roster_rows import RosterRow
from app.roster.vacancies import fill_vacancies


def save(call: Call, record: Record, matches: Sequence[Match], outcomes: Sequence[Outcome]) -> None:
    """Add what is new and change what differs. A cadre who is new gets an account, without a password yet."""
    if all(outcome is Outcome.UNCHANGED for outcome in outcomes):
        return
    unit_ids = _save_units(call, record, matches)
    cadre_ids = _save_new_cadres(call, record, matches)
    _change_cadres(call, matches)
    _change_postings(call, matches)
    _save_new_postings(call, record, matches, unit_ids, cadre_ids)
    bump_roster(call.session, record.county)
    call.audit(
        chain=record.county,
        action="roster.imported",
        target=record.county,
        rows=len(matches),
        created=outcomes.count(Outcome.CREATED),
        updated=outcomes.count(Outcome.UPDATED),
    )


def _save_units(call: Call, record: Record, matches: Sequence[Match]) -> dict[str, UUID]:
    """Adds the units that are new; returns all of them by name."""
    ids = {name: units[0].id for name, units in record.units.items() if units}
    areas = unit_areas(record.county)
    levels = {match.row.unit: match.row.unit_level for match in matches if match.row.unit not in ids}
    new: list[dict[str, Any]] = [
        {"id": new_id(), "area_code": areas[level], "name": name, "level": level, "created_at": call.now}
        for name, level in levels.items()
    ]
    if new:
        call.session.execute(insert(DispatchUnit), new)
    return ids | {unit["name"]: unit["id"] for unit in new}


def _save_new_cadres(call: Call, record: Record, matches: Sequence[Match]) -> dict[str, UUID]:
    """Adds the cadres that are new, with their accounts; returns all of them by ID number."""
    ids = {number: cadre.id for number, cadre in record.cadres.items()}
    people = {match.row.id_number: match.row for match in matches if match.row.id_number not in ids}
    cadres: list[dict[str, Any]] = [
        {
            "id": new_id(),
            "county_code": record.county,
            "name": row.name,
            "id_number": row.id_number,
            "phone": row.phone,
            "created_at": call.now,
        }
        for row in people.values()
    ]
    if cadres:
        call.session.execute(insert(Cadre), cadres)
        call.session.execute(insert(Account), [_account_of(cadre) for cadre in cadres])
    return ids | {cadre["id_number"]: cadre["id"] for cadre in cadres}


def _account_of(cadre: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": new_id(),
        "login": cadre["phone"],
        "name": cadre["name"],
        "role": Role.CADRE,
        "cadre_id": cadre["id"],
        "active": True,
        "created_at": cadre["created_at"],
    }


def _change_cadres(call: Call, matches: Sequence[Match]) -> None:
    changed = {match.cadre.id: match for match in matches if match.cadre is not None and match.cadre_changed}
    accounts = {
        account.cadre_id: account
        for (account,) in rows_in_chunks(call.session, select(Account), Account.cadre_id, changed)
    }
    for cadre_id, match in changed.items():
        if match.cadre is not None:
            match.cadre.name, match.cadre.phone = match.row.name, match.row.phone
        account = accounts.get(cadre_id)
        if account is not None:
            account.name, account.login = match.row.name, match.row.phone
    call.session.flush()


def _change_postings(call: Call, matches: Sequence[Match]) -> None:
    moved = []
    for match in matches:
        if match.posting is not None and match.posting_changed:
            posting, before = match.posting.row, match.posting.row.ends_on
            posting.duty, posting.ends_on = match.row.duty, match.ends_on
            moved.append((posting, before))
    call.session.flush()
    for posting, before in moved:
        judge_moved_end(call, posting, before, IMPORTED_ZH)


def _save_new_postings(
    call: Call, record: Record, matches: Sequence[Match], unit_ids: dict[str, UUID], cadre_ids: dict[str, UUID]
) -> None:
    new = [
        _posting(call, record.county, match.row, unit_ids[match.row.unit], cadre_ids[match.row.id_number])
        for match in matches
        if match.posting is None
    ]
    if not new:
        return
    call.session.execute(insert(Posting), new)
    query = select(Posting).where(visible(call.viewer, Posting))
    ids = [posting["id"] for posting in new]
    postings = [posting for (posting,) in rows_in_chunks(call.session, query, Posting.id, ids)]
    fill_vacancies(call, postings)
    judge_new_postings(call, postings, IMPORTED_ZH)


def _posting(call: Call, county: str, row: RosterRow, unit_id: UUID, cadre_id: UUID) -> dict[str, Any]:
    return {
        "id": new_id(),
        "cadre_id": cadre_id,
        "unit_id": unit_id,
        "county_code": county,
        "township_code": township_of(row.village_code),
        "village_code": row.village_code,
        "duty": row.duty,
        "starts_on": row.starts_on,
        "ends_on": row.ends_on,
        "created_at": call.now,
    }
