import pytest

from tests.support.world import VILLAGE


def test_health_and_readiness_answer_without_signing_in(client):
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ok"}


def test_an_unknown_path_answers_as_problem_in_chinese_and_in_english(client):
    answer = client.get("/api/v1/nowhere")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "not_found"
    assert answer.json()["title"] == "没有找到"
    assert answer.json()["trace_id"] == answer.headers["x-trace-id"]
    assert client.get("/api/v1/nowhere", headers={"Accept-Language": "en"}).json()["title"] == "Not found"


@pytest.mark.parametrize("path", ["/healthz", "/readyz", f"/board/{VILLAGE}", f"/board/{VILLAGE}/qr.svg"])
def test_what_monitors_and_link_previews_look_at_answers_a_head_as_a_get(world, path):
    head, get = world.client.head(path), world.client.get(path)
    assert (head.status_code, head.headers["content-type"]) == (200, get.headers["content-type"])
    assert head.headers["content-length"] == get.headers["content-length"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/api/v1/check-ins", "GET, POST"),
        ("DELETE", "/api/v1/accounts", "GET, POST"),
        ("POST", "/api/v1/me/today", "GET"),
        ("POST", "/healthz", "GET, HEAD"),
        ("POST", "/static/docs.js", "GET, HEAD"),
    ],
)
def test_a_405_names_every_method_of_the_address(client, method, path, allowed):
    answer = client.request(method, path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)


def test_what_a_value_may_be_is_listed_as_in_a_sentence(world):
    sent = {"posting_id": str(world.postings["li"]), "date": "2026-11-23", "source": "fax"}
    for language, detail in (
        ("zh", "应为下列之一：paper、visit 或 phone"),
        ("en", "must be one of 'paper', 'visit' or 'phone'"),
    ):
        answer = world.as_("township_officer").post("/registrations", sent, headers={"Accept-Language": language})
        assert answer.json()["errors"][0]["detail"] == detail
