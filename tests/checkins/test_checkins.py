from uuid import uuid4

from tests.support.world import CENTER


def body(captured_at="2026-11-23T08:05:00+08:00", lng=CENTER[0], lat=CENTER[1], **position):
    return {
        "id": str(uuid4()),
        "captured_at": captured_at,
        "position": {"lng": lng, "lat": lat, "datum": "wgs84", "accuracy_m": 18, **position},
        "device_id": "a3f0",
        "note": "入户走访",
    }


def test_a_check_in_inside_the_fence_puts_the_cadre_on_post(world):
    answer = world.as_("li").post("/check-ins", body())
    assert answer.status_code == 201, answer.text
    stored = answer.json()
    assert (stored["verdict"], stored["counts"], stored["day_status"]) == ("inside", True, "on_post")
    assert stored["date"] == "2026-11-23"


def test_sending_the_same_body_again_answers_what_is_stored(world):
    sent = body()
    first = world.as_("li").post("/check-ins", sent)
    again = world.as_("li").post("/check-ins", sent)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    other = world.as_("li").post("/check-ins", {**sent, "note": "别的"})
    assert (other.status_code, other.json()["code"]) == (409, "id_reused")


def test_the_first_screen_is_one_call(world):
    world.as_("li").post("/check-ins", body())
    today = world.as_("li").get("/me/today")
    assert today.status_code == 200, today.text
    assert today.json()["day"] == {"status": "on_post", "confirmed": False}
    assert len(today.json()["check_ins"]) == 1


def test_a_batch_answers_each_item_on_its_own(world):
    good, broken, reused = body(), {**body(), "captured_at": "gestern"}, body()
    answer = world.as_("li").post("/check-ins/batch", {"items": [good, broken, reused, {**reused, "note": "x"}, 7]})
    assert answer.status_code == 200, answer.text
    assert [r["status"] for r in answer.json()["results"]] == [201, 422, 201, 409, 422]
