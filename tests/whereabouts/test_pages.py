"""The board's page, its form, and its QR code."""

import re
import xml.etree.ElementTree as ET

import pytest
from sqlalchemy import select

from app.models import BoardReport, Cadre
from app.settings import Settings
from tests.support.world import COUNTY, VILLAGE
from tests.whereabouts.support import declare

PAGE = f"/board/{VILLAGE}"


def test_the_page_shows_name_duty_unit_phone_whereabouts_and_when_it_was_updated(world):
    declare(world, "li", "official", "2026-11-23 08:00", "2026-11-23 18:00", destination="县乡村振兴局")
    answer = world.client.get(PAGE)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    for text in (
        "上庄村", "云岭县 石桥乡", "2026年11月23日 星期一", "干部1", "工作队长", "云岭县财政局", "公出", "县乡村振兴局",
        "11月23日 08:00", "11月23日 18:00", 'href="tel:13900000001"', "信息更新：11月23日 08:05", "第九条（二）",
    ):  # fmt: skip
        assert text in answer.text, text


def test_the_page_names_who_has_not_registered_today(world):
    world.as_("township_officer").post(
        "/registrations", {"posting_id": str(world.postings["li"]), "date": "2026-11-23", "source": "paper"}
    )
    missing = re.search(r'<p class="missing">.*?</p>', world.client.get(PAGE).text, re.DOTALL).group()
    assert "干部2" in missing
    assert "干部1" not in missing


def test_the_page_and_its_picture_are_under_50_kb_and_need_nothing_from_elsewhere(world, database):
    with database.writing() as session:
        for number in range(12):
            world.add_cadre(session, f"more-{number}", VILLAGE, "county")
    for who in [name for name in world.postings if name.startswith(("li", "wang", "more"))]:
        declare(world, who, "visiting", "2026-11-23 08:00", "2026-11-23 18:00", destination="第" + "三" * 199)
    page, picture = world.client.get(PAGE), world.client.get(f"{PAGE}/qr.svg")
    assert len(page.content) + len(picture.content) < 50_000
    assert "<script" not in page.text
    assert re.findall(r'(?:src|srcset)="([^"]+)"|<link', page.text) == [f"{VILLAGE}/qr.svg"]
    assert "url(" not in page.text


def test_names_and_destinations_cannot_become_markup(world, database):
    with database.writing() as session:
        session.get(Cadre, world.cadres["li"]).name = "<b onclick=x>李</b>"
    declare(world, "li", "official", "2026-11-23 08:00", destination='"><script>alert(1)</script>')
    page = world.client.get(PAGE).text
    assert "<script" not in page
    assert "<b onclick" not in page


def test_the_policy_of_the_page_allows_its_own_style_and_nothing_active(world):
    policy = world.client.get(PAGE).headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "unsafe-inline" not in policy
    assert "set-cookie" not in world.client.get(PAGE).headers


def test_the_page_is_not_sent_again_within_the_minute_that_it_speaks_of(world, clock):
    tag = world.client.get(PAGE).headers["etag"]
    assert world.client.get(PAGE, headers={"If-None-Match": tag}).status_code == 304
    clock.forward(minutes=1)
    assert world.client.get(PAGE, headers={"If-None-Match": tag}).status_code == 200


@pytest.mark.parametrize("code", ["990101001999", COUNTY, "abc", "%E4%B8%8A%E5%BA%84"])
def test_what_is_no_village_is_answered_with_a_page_in_chinese(world, code):
    for path in (f"/board/{code}", f"/board/{code}/qr.svg"):
        answer = world.client.get(path)
        assert answer.status_code == 404
        assert answer.headers["content-type"].startswith("text/html")
        assert "没有这块去向牌" in answer.text


def test_the_qr_code_is_a_picture_of_the_pages_address(world):
    answer = world.client.get(f"{PAGE}/qr.svg")
    assert answer.headers["content-type"] == "image/svg+xml"
    assert ET.fromstring(answer.content).tag == "{http://www.w3.org/2000/svg}svg"  # noqa: S314 - our own picture
    assert f"http://testserver/board/{VILLAGE}" in world.client.get(PAGE).text


class TestUnderAPublicAddress:
    @pytest.fixture
    def settings(self, database_url, tmp_path):
        return Settings(
            database_url=database_url,
            storage_dir=tmp_path,
            rate_limits=False,
            public_url="https://zhucun.example/zaigang/",
        )

    def test_the_configured_address_counts_and_not_the_one_that_was_asked(self, world):
        page = world.client.get(PAGE, headers={"Host": "attacker.example"}).text
        assert f"https://zhucun.example/zaigang/board/{VILLAGE}" in page
        assert "attacker.example" not in page


def test_a_resident_reports_by_the_form_without_javascript(world, database):
    declare(world, "li", "in_village", "2026-11-23 08:00")
    action = re.search(r'<form method="post" action="([^"]+)"', world.client.get(PAGE).text).group(1)
    form = {"posting_id": str(world.postings["li"]), "note": "上午没见到\r\n下午也没有"}
    answer = world.client.post(f"/board/{action}", data=form)
    assert answer.status_code == 200
    assert "由乡镇核实" in answer.text
    with database.reading() as session:
        assert session.scalars(select(BoardReport.note)).all() == ["上午没见到\n下午也没有"]


def test_an_empty_note_in_the_form_is_no_note(world, database):
    declare(world, "li", "in_village", "2026-11-23 08:00")
    world.client.post(f"{PAGE}/reports", data={"posting_id": str(world.postings["li"]), "note": "  "})
    with database.reading() as session:
        assert session.scalars(select(BoardReport.note)).all() == [None]


def test_the_form_is_offered_only_where_somebody_is_shown_in_the_village(world):
    assert "<form" not in world.client.get(PAGE).text
    declare(world, "li", "rest", "2026-11-23 08:00")
    assert "<form" not in world.client.get(PAGE).text


@pytest.mark.parametrize(
    ("form", "status", "text"),
    [
        ({}, 422, "此项必填"),
        ({"posting_id": "nonsense"}, 422, "应为 UUID"),
        ({"posting_id": "0192f7c2-6f0e-7c3a-9d51-0a4b1c2d3e4f"}, 404, "没有找到"),
    ],
)
def test_a_form_that_is_not_in_order_is_answered_with_a_page_and_the_way_back(world, database, form, status, text):
    answer = world.client.post(f"{PAGE}/reports", data=form)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")
    assert text in answer.text
    assert f'href="../{VILLAGE}"' in answer.text
    with database.reading() as session:
        assert session.scalars(select(BoardReport.id)).all() == []
