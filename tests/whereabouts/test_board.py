"""The public board as JSON: what the article makes public, and nothing else."""

from datetime import date

from app.ids import new_id
from app.models import Cadre, Posting
from app.whereabouts.board import mask
from tests.support.world import COUNTY, FOREIGN_VILLAGE, SECOND_VILLAGE, TOWNSHIP, VILLAGE
from tests.whereabouts.support import board, declare, member

PATH = f"/api/v1/villages/{VILLAGE}/board"


def register(world, who, day="2026-11-23"):
    answer = world.as_("township_officer").post(
        "/registrations", {"posting_id": str(world.postings[who]), "date": day, "source": "visit", "note": None}
    )
    assert answer.status_code == 201, answer.text


def mask_phones(world, area, *, masked=True, since=date(2026, 1, 1)):
    world.provide("board.mask_phone", masked, since, area)


def test_anybody_reads_the_villages_members_with_what_they_declared(world):
    declare(world, "wang", "official", "2026-11-23 07:30", "2026-11-23 18:00", destination="县乡村振兴局", note="内部")
    shown = board(world, VILLAGE)
    assert shown["village"] == {"code": VILLAGE, "name": "上庄村", "township": "石桥乡", "county": "云岭县"}
    assert shown["date"] == "2026-11-23"
    assert shown["updated_at"] == "2026-11-23T08:05:00+08:00"
    assert shown["members"] == [
        {
            "posting_id": str(world.postings["li"]),
            "name": "干部1",
            "phone": "13900000001",
            "duty": "leader",
            "duty_label": "工作队长",
            "unit": "云岭县财政局",
            "state": None,
            "state_label": "未填报",
            "destination": None,
            "since": None,
            "expected_back_at": None,
            "overdue": False,
            "registered_today": False,
        },
        {
            "posting_id": str(world.postings["wang"]),
            "name": "干部2",
            "phone": "13900000002",
            "duty": "member",
            "duty_label": "工作队员",
            "unit": "云岭县财政局",
            "state": "official",
            "state_label": "公出",
            "destination": "县乡村振兴局",
            "since": "2026-11-23T07:30:00+08:00",
            "expected_back_at": "2026-11-23T18:00:00+08:00",
            "overdue": False,
            "registered_today": False,
        },
    ]


def test_neither_note_nor_id_number_nor_the_destination_of_a_leave_is_shown(world, database):
    declare(world, "li", "leave", "2026-11-23 08:00", destination="县人民医院", note="住院复查")
    with database.reading() as session:
        id_number = session.get(Cadre, world.cadres["li"]).id_number
    answers = (world.client.get(PATH).text, world.client.get(f"/board/{VILLAGE}").text)
    for text in answers:
        assert "请假" in text
        for secret in ("县人民医院", "住院复查", id_number, "110.68", "lng"):
            assert secret not in text
    assert member(world, "li", VILLAGE)["destination"] is None


def test_a_member_is_overdue_from_the_moment_after_the_expected_return(world, clock):
    declare(world, "li", "official", "2026-11-23 08:00", "2026-11-23 18:00")
    clock.set("2026-11-23 18:00")
    assert member(world, "li", VILLAGE)["overdue"] is False
    clock.set("2026-11-23 18:01")
    assert member(world, "li", VILLAGE)["overdue"] is True
    assert "已过预计返回时间" in world.client.get(f"/board/{VILLAGE}").text


def test_registered_today_follows_the_ledger_and_ends_at_midnight(world, clock):
    register(world, "li")
    assert member(world, "li", VILLAGE)["registered_today"] is True
    assert member(world, "wang", VILLAGE)["registered_today"] is False
    clock.set("2026-11-23 23:59")
    assert member(world, "li", VILLAGE)["registered_today"] is True
    clock.set("2026-11-24 00:00")
    assert member(world, "li", VILLAGE)["registered_today"] is False


def test_a_posting_is_shown_on_its_first_and_last_day_and_not_around_them(world, clock, database):
    with database.writing() as session:
        posting = session.get(Posting, world.postings["li"])
        posting.starts_on, posting.ends_on = date(2026, 11, 24), date(2026, 11, 25)
    shown = {}
    for day in (23, 24, 25, 26):
        clock.set(f"2026-11-{day} 12:00")
        shown[day] = [m["name"] for m in board(world, VILLAGE)["members"]]
    assert shown == {23: ["干部2"], 24: ["干部1", "干部2"], 25: ["干部1", "干部2"], 26: ["干部2"]}


def test_the_first_secretary_stands_first(world, database):
    with database.writing() as session:
        world.add_cadre(session, "new", VILLAGE, "province", duty="first_secretary", starts_on=date(2026, 11, 20))
    assert [m["duty"] for m in board(world, VILLAGE)["members"]] == ["first_secretary", "leader", "member"]


def test_a_village_without_members_has_an_empty_board(world, database):
    with database.writing() as session:
        session.get(Posting, world.postings["zhao"]).ends_on = date(2026, 11, 1)
    shown = board(world, SECOND_VILLAGE)
    assert (shown["members"], shown["updated_at"]) == ([], None)
    assert "没有派驻的工作队员" in world.client.get(f"/board/{SECOND_VILLAGE}").text


def test_what_is_no_village_has_no_board(world):
    for code in (TOWNSHIP, COUNTY, "990101001999"):
        answer = world.client.get(f"/api/v1/villages/{code}/board")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert world.client.get("/api/v1/villages/99010100100x/board").status_code == 422


def test_a_county_may_mask_the_phones_of_its_own_boards_only(world):
    mask_phones(world, COUNTY)
    assert [m["phone"] for m in board(world, VILLAGE)["members"]] == ["139****0001", "139****0002"]
    assert board(world, VILLAGE)["phones_masked"] is True
    assert board(world, FOREIGN_VILLAGE)["members"][0]["phone"] == "13900000005"
    page = world.client.get(f"/board/{VILLAGE}").text
    assert "13900000001" not in page
    assert "tel:" not in page
    assert "本县规定隐去联系电话" in page
    assert "本县规定隐去联系电话" not in world.client.get(f"/board/{FOREIGN_VILLAGE}").text


def test_masking_holds_from_its_day_on(world, clock):
    mask_phones(world, COUNTY, since=date(2026, 11, 24))
    assert board(world, VILLAGE)["phones_masked"] is False
    clock.set("2026-11-24 00:00")
    assert board(world, VILLAGE)["phones_masked"] is True


def test_a_mask_never_shows_more_than_the_ends_of_a_number():
    assert mask("13900000001") == "139****0001"
    assert mask("83510001") == "835****1"
    assert mask("8351000") == "835****"


def test_an_unchanged_board_is_not_sent_again_and_every_change_is(world, clock):
    tags = []

    def fetch():
        answer = world.client.get(PATH, headers={"If-None-Match": tags[-1] if tags else '""'})
        if answer.status_code == 200:
            tags.append(answer.headers["etag"])
        return answer.status_code

    assert [fetch(), fetch()] == [200, 304]
    declare(world, "li", "official", "2026-11-23 08:00", "2026-11-23 09:00")
    assert [fetch(), fetch()] == [200, 304]
    register(world, "li")
    assert [fetch(), fetch()] == [200, 304]
    clock.set("2026-11-23 09:01")  # overdue now
    assert [fetch(), fetch()] == [200, 304]
    clock.set("2026-11-24 00:00")  # registered yesterday
    assert [fetch(), fetch()] == [200, 304]


def test_search_engines_are_told_to_stay_away(world):
    for path in (PATH, f"/board/{VILLAGE}", f"/board/{VILLAGE}/qr.svg"):
        assert "noindex" in world.client.get(path).headers["x-robots-tag"], path
    assert '<meta name="robots" content="noindex' in world.client.get(f"/board/{VILLAGE}").text


def test_the_board_costs_the_same_number_of_queries_however_many_members_it_has(world, database, count_queries):
    declare(world, "li", "in_village", "2026-11-23 08:00")
    with count_queries() as few:
        board(world, VILLAGE)
    with database.writing() as session:
        for number in range(8):
            world.add_cadre(session, f"extra-{number}-{new_id()}", VILLAGE, "county")
    with count_queries() as many:
        board(world, VILLAGE)
    assert len(many) == len(few) <= 6
