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
