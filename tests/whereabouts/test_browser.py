"""The board in a real browser: on a phone of 360 px without JavaScript, and printed on A4."""

import io
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from pypdf import PdfReader

from app.models import Cadre
from tests.support.world import VILLAGE
from tests.whereabouts.support import declare

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking")

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"no browser at {CHROMIUM} (apt-get install chromium)")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS])
        yield browser
        browser.close()


@pytest.fixture
def databases(sqlite_databases):
    """The page is the same on every database; one will do here."""
    return sqlite_databases


@contextmanager
def server(app: FastAPI) -> Iterator[str]:
    """The address of the board on a running server."""
    # The application is up already (the test client started it), so the server only carries requests to it.
    server = uvicorn.Server(uvicorn.Config(app, port=0, lifespan="off", log_level="error", ws="none"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(timeout=0.02)
        assert thread.is_alive(), "the server did not start"
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/board/{VILLAGE}"
    server.should_exit = True
    thread.join()


def add_members(world, **names: str):
    """More members of the village, `wang`'s colleagues, by key and name."""
    with world.database.writing() as session:
        for key, name in names.items():
            world.add_cadre(session, key, VILLAGE, "province")
            session.get(Cadre, world.cadres[key]).name = name


@pytest.fixture
def crowded(world) -> Iterator[str]:
    """A board that is hard to lay out: long names, long destinations, one unbreakable, somebody overdue."""
    add_members(world, long="阿卜杜热依木·阿卜杜克热木", absentee="欧阳晓东", traveller="王秀英")
    declare(world, "li", "in_village", "2026-11-23 08:00")
    declare(world, "wang", "official", "2026-11-23 06:30", "2026-11-23 07:30", destination="县乡村振兴局" * 8)
    declare(world, "long", "visiting", "2026-11-23 08:00", "2026-11-23 18:00", destination="https://" + "w" * 60)
    declare(world, "traveller", "leave", "2026-11-23 08:00", "2026-11-25 18:00")
    with server(world.app) as address:
        yield address


@pytest.fixture
def ordinary(world) -> Iterator[str]:
    """A team of five on a working day."""
    add_members(world, a="张文博", b="欧阳晓东", c="王秀英")
    declare(world, "li", "in_village", "2026-11-23 08:00")
    declare(
        world, "wang", "official", "2026-11-23 06:30", "2026-11-23 07:30", destination="县乡村振兴局（送报四季度材料）"
    )
    declare(world, "a", "visiting", "2026-11-23 08:00", "2026-11-23 18:00", destination="第三村民小组 五户监测户")
    declare(world, "b", "leave", "2026-11-23 08:00", "2026-11-25 18:00")
    with server(world.app) as address:
        yield address


def open_board(context: BrowserContext, address: str) -> Page:
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("requestfailed", lambda request: complaints.append(request.url))
    page.goto(address, wait_until="load")
    assert complaints == [], "the page's own policy must not block what the page needs"
    return page


@pytest.fixture
def phone(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 360, "height": 780}, is_mobile=True)
    yield context
    context.close()


def test_on_a_phone_of_360_px_nothing_has_to_be_scrolled_sideways(phone, crowded):
    page = open_board(phone, crowded)
    page.locator("summary").click()
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    wide = """[...document.querySelectorAll('body *')].filter(
        e => getComputedStyle(e).position !== 'absolute' && e.getBoundingClientRect().right > 360.5
    ).map(e => e.outerHTML)"""
    assert page.evaluate(wide) == []


def test_no_text_on_the_phone_is_smaller_than_16_px_and_what_is_touched_is_44_px_high(phone, crowded):
    page = open_board(phone, crowded)
    page.locator("summary").click()
    sizes = """[...document.querySelectorAll('body *')].filter(e => [...e.childNodes].some(
        n => n.nodeType === 3 && n.textContent.trim())).map(e => parseFloat(getComputedStyle(e).fontSize))"""
    found = page.evaluate(sizes)
    assert len(found) > 30
    assert min(found) >= 16
    heights = """[...document.querySelectorAll('a, button, summary, label:has(input)')].map(
        e => e.getBoundingClientRect().height)"""
    touched = page.evaluate(heights)
    assert len(touched) >= 8
    assert min(touched) >= 44


def test_every_text_stands_out_from_its_background_at_7_to_1(phone, crowded):
    page = open_board(phone, crowded)
    page.locator("summary").click()
    contrasts = """() => {
      const light = c => { const [r, g, b] = c.match(/\\d+/g).map(v => { v /= 255;
        return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4 });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b };
      const behind = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor;
        if (c !== 'rgba(0, 0, 0, 0)') return c } return 'rgb(255, 255, 255)' };
      return [...document.querySelectorAll('body *')].filter(e => e.innerText && e.innerText.trim()).map(e => {
        const [a, b] = [light(getComputedStyle(e).color), light(behind(e))].sort((x, y) => y - x);
        return (a + 0.05) / (b + 0.05) }) }"""
    found = page.evaluate(contrasts)
    assert len(found) > 30
    assert min(found) >= 7


def test_a_resident_reads_and_reports_with_javascript_switched_off(browser, crowded, world):
    context = browser.new_context(viewport={"width": 360, "height": 780}, java_script_enabled=False)
    page = open_board(context, crowded)
    assert page.get_by_text("已过预计返回时间").is_visible()
    assert page.get_by_role("link", name="拨打 13900000001").get_attribute("href") == "tel:13900000001"
    assert page.locator("figure img").is_visible()
    page.locator("summary").click()
    page.get_by_label("干部1").check()
    page.locator("textarea").fill("上午没见到\n下午也没有")
    page.get_by_role("button", name="送交乡镇核实").click()
    assert page.get_by_role("heading", name="谢谢您的监督").is_visible()
    page.get_by_role("link", name="返回去向牌").click()
    assert page.url == crowded
    context.close()
    (item,) = world.as_("township_officer").get("/board-reports?open=true").json()["items"]
    assert (item["cadre"], item["note"]) == ("干部1", "上午没见到\n下午也没有")


@pytest.mark.parametrize("landscape", [False, True])
def test_a_team_prints_on_one_page_of_a4_either_way_without_the_form(browser, ordinary, landscape):
    context = browser.new_context()
    page = open_board(context, ordinary)
    reader = PdfReader(io.BytesIO(page.pdf(format="A4", landscape=landscape)))
    context.close()
    assert len(reader.pages) == 1
    width, height = (round(float(side) / 72 * 25.4) for side in reader.pages[0].mediabox[2:])
    assert (width, height) == ((297, 210) if landscape else (210, 297))
    text = "".join(reader.pages[0].extract_text().split())
    for wanted in ("上庄村", "13900000001", "未登记", "信息更新", f"/board/{VILLAGE}"):
        assert wanted in text
    assert "送交乡镇核实" not in text
