"""Every operation of the application: who may call it, and what it is asked about in a place."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.scope.places import SEEN_BY, Place

ROLES = ("cadre", "township_officer", "county_officer", "city_officer", "unit_officer", "dashboard", "admin")
OFFICERS = "township_officer county_officer city_officer unit_officer"
OFFICES = "township_officer county_officer city_officer"
READERS = f"cadre {OFFICERS}"
ANYONE = " ".join(ROLES)


@dataclass(frozen=True)
class Route:
    """`roles` may call it; `about` says whether its answer depends on a place: "person" (rows about one person),
    "area" (an area is asked for), "elsewhere" (has tests of its own in `why`), or nothing.
    """

    roles: str = ""
    about: str = ""
    query: Callable[[Place], dict[str, str]] | None = None
    body: Callable[[Place], dict[str, Any]] | None = None
    files: bool = False
    form: bool = False
    seen_by: dict[str, set[str]] | None = None
    """Where it differs from what people see of people."""
    public: bool = False


def person(roles: str, **more: Any) -> Route:
    return Route(roles, "person", **more)


def area(roles: str, place_to_code: Callable[[Place], str] = lambda place: place.township, **more: Any) -> Route:
    return Route(roles, "area", query=lambda place: {"area": place_to_code(place)}, **more)


def posting(place: Place) -> dict[str, Any]:
    return {"posting_id": place.posting_id}


PUBLIC = Route(public=True)
OWN_AREAS = {
    "township_officer": {"own", "colleague"},
    "county_officer": {"own", "colleague", "sibling"},
    "city_officer": {"own", "colleague", "sibling", "foreign"},
    "unit_officer": {"own", "colleague", "sibling", "foreign"},
    "dashboard": {"own", "colleague", "sibling"},
}
"""Which areas each role may ask for; a unit officer may name any, and is told of the unit's own cadres only."""
PAPERS = {**SEEN_BY, "unit_officer": set()}
"""A hospital note is no business of a unit that does not decide on the leave; here none does."""
AREAS_READ = {
    **OWN_AREAS,
    "cadre": {"own", "colleague"},
    "unit_officer": {"own", "colleague"},
    "admin": OWN_AREAS["city_officer"],
}
"""Which areas each role is told of."""
ADMINS = {"admin": {"own", "colleague", "sibling", "foreign"}}
COUNTY_ONLY = {"county_officer": {"own", "colleague", "sibling"}}

ROUTES: dict[str, Route] = {
    # ------------------------------------------------ identity
    "create_token": PUBLIC,
    "revoke_token": PUBLIC,
    "activate_account": PUBLIC,
    "get_jwks": PUBLIC,
    "get_me": Route(ANYONE),
    "change_my_password": Route("cadre township_officer county_officer city_officer unit_officer admin"),
    "list_accounts": Route("admin"),
    "create_account": Route("admin"),
    "update_account": Route("admin", "person", seen_by=ADMINS),
    # ------------------------------------------------ roster
    "list_areas": Route(ANYONE),
    "create_area": Route("county_officer"),
    "get_area": Route(ANYONE, "person", seen_by=AREAS_READ),
    "put_area_fence": Route("county_officer", "person", seen_by=COUNTY_ONLY),
    "list_units": Route(f"{READERS} admin"),
    "create_unit": Route("county_officer"),
    "list_cadres": area(READERS, seen_by={**OWN_AREAS, "cadre": set()}),
    "create_cadre": Route("county_officer"),
    "change_cadre": person("county_officer"),
    "list_postings": area(READERS, seen_by={**OWN_AREAS, "cadre": set()}),
    "create_posting": Route(
        "county_officer",
        "person",
        body=lambda place: {"cadre_id": place.cadre_id, "unit_id": place.unit_id, "village_code": place.village},
    ),
    "end_posting": person("county_officer"),
    "list_teams": area(OFFICERS, seen_by=OWN_AREAS),
    "import_areas": Route("county_officer city_officer admin", files=True),
    "import_roster": Route("county_officer", files=True),
    "get_roster_template": Route("county_officer"),
    "create_activation_sheet": Route("county_officer"),
    # ------------------------------------------------ check-in and attendance
    "get_my_today": Route("cadre"),
    "create_check_in": Route("cadre"),
    "create_check_in_batch": Route("cadre"),
    "list_check_ins": area(READERS, seen_by={**OWN_AREAS, "cadre": set()}),
    "decide_check_in_acceptance": person("township_officer"),
    "list_days": area(OFFICERS, seen_by=OWN_AREAS),
    "confirm_days": Route(
        "township_officer",
        "area",
        body=lambda place: {"date": "2026-11-23", "area_code": place.township},
        seen_by=OWN_AREAS,
    ),
    "correct_day": person("township_officer county_officer", body=posting),
    "create_registration": person("township_officer", body=posting),
    "list_posting_days": person(READERS),
    "explain_posting_day": person(READERS),
    # ------------------------------------------------ 去向牌
    "put_my_whereabouts": Route("cadre"),
    "list_posting_whereabouts": person(READERS),
    "get_village_board": PUBLIC,
    "create_board_report": PUBLIC,
    "show_board": PUBLIC,
    "show_board_qr_code": PUBLIC,
    "submit_board_report": PUBLIC,
    "list_board_reports": area(OFFICERS, seen_by=OWN_AREAS),
    "handle_board_report": person("township_officer"),
    # ------------------------------------------------ leave
    "preview_leave": Route("cadre"),
    "create_leave": Route("cadre"),
    "list_leaves": area(READERS, seen_by={**OWN_AREAS, "cadre": set()}),
    "get_leave": person(READERS),
    "decide_leave": person(OFFICERS),
    "withdraw_leave": person("cadre"),
    "return_from_leave": person("cadre township_officer"),
    "add_leave_attachment": person("cadre", files=True),
    "list_leave_attachments": person(READERS, seen_by=PAPERS),
    "get_leave_attachment": person(READERS, seen_by=PAPERS),
    # ------------------------------------------------ recall
    "list_recall_flags": area(READERS, seen_by={**OWN_AREAS, "cadre": set()}),
    "create_recall_flag": person("county_officer", body=posting),
    "get_recall_flag": person(READERS),
    "make_recall_statement": person("cadre"),
    "write_recall_opinion": person("county_officer"),
    "send_recall_notice": person("county_officer"),
    "complete_recall": person("county_officer"),
    "complete_reassignment": person("county_officer"),
    "dismiss_recall_flag": person("county_officer"),
    "review_recall_flag": person("county_officer"),
    "draft_recall_opinion": person("county_officer city_officer"),
    "draft_recall_notice": person("county_officer city_officer"),
    "list_vacancies": area(OFFICERS, seen_by=OWN_AREAS),
    "fill_vacancy": person("county_officer", body=posting),
    "reopen_vacancy": person("county_officer"),
    # ------------------------------------------------ ledger and stats
    "get_ledger": area(OFFICERS, seen_by=OWN_AREAS),
    "get_attendance_stats": area(f"{OFFICERS} dashboard", seen_by=OWN_AREAS),
    "get_today_stats": area(f"{OFFICERS} dashboard", seen_by=OWN_AREAS),
    "get_recall_flag_stats": area(f"{OFFICERS} dashboard", seen_by=OWN_AREAS),
    # ------------------------------------------------ law
    "list_provisions": area(ANYONE, seen_by=AREAS_READ),
    "create_provision": Route(
        "county_officer", "area", body=lambda place: {"area_code": place.township}, seen_by=COUNTY_ONLY
    ),
    "get_calendar": Route(ANYONE),
    "put_calendar": Route("county_officer"),
    # ------------------------------------------------ filings and outages
    "create_filing": Route(
        "township_officer county_officer",
        "area",
        body=lambda place: {"area_code": place.township},
        seen_by=OWN_AREAS,
    ),
    "list_filings": area(OFFICES, seen_by=OWN_AREAS),
    "get_filing": Route(OFFICES, "person", seen_by=OWN_AREAS),
    "declare_outage": Route(
        "county_officer", "area", body=lambda place: {"area_code": place.township}, seen_by=OWN_AREAS
    ),
    "list_outages": area(OFFICES, seen_by=OWN_AREAS),
    "end_outage": Route("county_officer", "person", seen_by=COUNTY_ONLY),
    # ------------------------------------------------ webhooks
    "list_webhooks": Route("admin"),
    "create_webhook": Route("admin"),
    "update_webhook": Route("admin", "person", seen_by=ADMINS),
    "list_webhook_deliveries": Route("admin", "person", seen_by=ADMINS),
    "test_webhook": Route("admin", "person", seen_by=ADMINS),
    "requeue_webhook": Route("admin", "person", seen_by=ADMINS),
    # ------------------------------------------------ feedback and operation
    "create_feedback": PUBLIC,
    "list_feedback": Route("county_officer city_officer"),
    "get_feedback_answer": PUBLIC,
    "answer_feedback": Route("county_officer", "person", seen_by=COUNTY_ONLY),
    "get_healthz": PUBLIC,
    "get_readyz": PUBLIC,
    "get_metrics": PUBLIC,
}
