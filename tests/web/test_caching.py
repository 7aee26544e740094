"""Conditional GETs, wherever an answer has a tag."""

import pytest

from tests.support.world import TOWNSHIP, VILLAGE

PATHS = (
    ("county_officer", "/stats/attendance?from=2026-11-01"),
    ("county_officer", "/stats/today"),
    ("county_officer", "/stats/recall-flags"),
    ("county_officer", f"/ledger?area={TOWNSHIP}"),
    ("county_officer", f"/villages/{VILLAGE}/board"),
    ("county_officer", f"/board/{VILLAGE}"),
)


@pytest.fixture(params=PATHS, ids=lambda where: where[1].partition("?")[0])
def ask(world, request):
    who, path = request.param

    def ask(*lines):
        token = world.as_(who)._token()
        address = path if path.startswith("/board/") else f"/api/v1{path}"
        sent = [("Authorization", f"Bearer {token}"), *(("If-None-Match", line) for line in lines)]
        return world.client.get(address, headers=sent)

    return ask


def test_a_tag_is_known_again_however_it_is_sent(ask):
    tag = ask().headers["etag"]
    assert tag.startswith('W/"')
    strong = tag.removeprefix("W/")
    for lines in ((tag,), (strong,), (f'"other", {strong}',), ('W/"other"', tag), ("*",)):
        assert ask(*lines).status_code == 304, lines
    for lines in (('"other"',), (tag[:-2] + '"',)):
        assert ask(*lines).status_code == 200, lines


def test_a_304_says_of_caching_what_the_200_said(ask):
    answer = ask()
    unchanged = ask(answer.headers["etag"])
    for name in ("etag", "cache-control", "vary"):
        assert unchanged.headers.get(name) == answer.headers.get(name), name
