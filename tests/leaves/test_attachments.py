"""Papers with a request: told by their content, kept whole, read by those whose business they are."""

import hashlib
import io
from uuid import uuid4

import pytest
from PIL import Image
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from app.leaves import storage
from app.leaves.content import MAX_ATTACHMENT_BYTES
from app.models import AuditEvent, LeaveAttachment
from tests.leaves.support import MONDAY, ask, decide
from tests.support.world import COUNTY

PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"


def picture(format_: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (40, 30), (200, 30, 30)).save(buffer, format_)
    return buffer.getvalue()


def upload(world, leave, content, *, who="li", name="note.pdf", media_type="application/octet-stream"):
    return world.as_(who).post(f"/leaves/{leave['id']}/attachments", files={"file": (name, content, media_type)})


def stored_files(settings) -> list:
    folder = settings.storage_dir / "leaves"
    return sorted(folder.iterdir()) if folder.exists() else []


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (PDF, "application/pdf"),
        (picture("PNG"), "image/png"),
        (picture("JPEG"), "image/jpeg"),
        (picture("WEBP"), "image/webp"),
    ],
)
def test_a_paper_comes_back_byte_by_byte_and_with_the_type_that_its_content_shows(world, content, media_type):
    leave = ask(world)
    attachment = upload(world, leave, content, name="随便.exe", media_type="application/x-msdownload")
    assert attachment.status_code == 201, attachment.text
    assert attachment.json()["media_type"] == media_type
    got = world.as_("li").get(f"/leaves/{leave['id']}/attachments/{attachment.json()['id']}")
    assert got.content == content
    assert got.headers["content-type"] == media_type
    assert got.headers["x-content-type-options"] == "nosniff"
    assert got.headers["content-disposition"] == "attachment; filename*=utf-8''%E9%9A%8F%E4%BE%BF.exe"
    assert "sandbox" in got.headers["content-security-policy"]
    assert got.headers["cache-control"] == "private, no-store"


def test_a_paper_that_was_added_is_on_record_by_its_digest_and_once(world, database):
    leave = ask(world)
    attachment = upload(world, leave, PDF).json()
    upload(world, leave, PDF)
    with database.reading() as session:
        (found,) = session.scalars(select(AuditEvent).where(AuditEvent.action == "leave.attachment_added"))
    assert (found.chain, found.by, found.target) == (COUNTY, world.accounts["li"], leave["id"])
    assert found.details == {"attachment_id": attachment["id"], "sha256": hashlib.sha256(PDF).hexdigest()}


def test_papers_are_listed_in_the_order_in_which_they_came_and_counted_on_the_request(world):
    leave = ask(world)
    first = upload(world, leave, PDF).json()
    second = upload(world, leave, picture("PNG")).json()
    assert world.as_("li").get(f"/leaves/{leave['id']}/attachments").json() == [first, second]
    assert world.as_("li").get(f"/leaves/{leave['id']}").json()["attachments"] == 2


def test_the_same_bytes_sent_again_are_answered_with_the_stored_paper(world, settings):
    leave = ask(world)
    first = upload(world, leave, PDF)
    again = upload(world, leave, PDF, name="other.pdf")
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert len(stored_files(settings)) == 1


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"MZ\x90\x00" + b"\x00" * 200,
        b"MZ\x90\x00" + picture("PNG"),
        b"MZ\x90\x00" + PDF,
        b"<html><script>alert(1)</script>%PDF-1.4 %%EOF",
        b"%PDF-1.4 cut off before its end",
        b"\x89PNG\r\n\x1a\n" + b"no picture" * 20,
        picture("PNG")[:40],
        b"\xff\xd8\xff\xe0 no picture either",
        b"RIFF\x10\x00\x00\x00WEBPnonsense",
        picture("GIF"),
        picture("BMP"),
        b"PK\x03\x04" + b"\x00" * 100,
    ],
    ids=[
        "empty",
        "program",
        "program before a picture",
        "program before a PDF",
        "page with a PDF header inside",
        "PDF without an end",
        "PNG header and nonsense",
        "PNG cut off",
        "JPEG header and nonsense",
        "WebP header and nonsense",
        "GIF",
        "BMP",
        "zip",
    ],
)
def test_other_content_is_refused_whatever_it_is_called_and_leaves_nothing(world, settings, database, content):
    leave = ask(world)
    answer = upload(world, leave, content, name="note.pdf", media_type="application/pdf")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/file"
    assert stored_files(settings) == []
    assert attachment_rows(database) == 0


def test_a_picture_with_a_page_behind_it_is_only_ever_answered_as_a_picture_to_be_saved(world):
    leave = ask(world)
    polyglot = picture("PNG") + b"<script>alert(1)</script>"
    attachment = upload(world, leave, polyglot, name="x.html", media_type="text/html")
    got = world.as_("township_officer").get(f"/leaves/{leave['id']}/attachments/{attachment.json()['id']}")
    assert got.headers["content-type"] == "image/png"
    assert got.headers["content-disposition"].startswith("attachment;")
    assert got.headers["x-content-type-options"] == "nosniff"


def test_five_megabytes_pass_and_one_byte_more_does_not(world, settings):
    leave = ask(world)
    exact = PDF[:-6] + b" " * (MAX_ATTACHMENT_BYTES - len(PDF)) + PDF[-6:]
    assert len(exact) == MAX_ATTACHMENT_BYTES
    assert upload(world, leave, exact).status_code == 201
    answer = upload(world, leave, exact[:-6] + b" " + exact[-6:])
    assert answer.status_code == 413
    assert answer.json()["code"] == "attachment_too_large"
    assert len(stored_files(settings)) == 1


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../../etc/passwd", "passwd"),
        ("C:\\Users\\li\\诊断证明.pdf", "诊断证明.pdf"),
        ("..", "attachment"),
        ("/", "attachment"),
        ("a\u202egpj.exe", "agpj.exe"),
        ("长" * 300 + ".pdf", "长" * 200),
    ],
)
def test_the_clients_file_name_is_shown_but_never_a_path(world, settings, name, shown):
    leave = ask(world)
    attachment = upload(world, leave, PDF, name=name).json()
    assert attachment["filename"] == shown
    assert [path.name for path in stored_files(settings)] == [attachment["id"].replace("-", "")]
    outside = [path for path in settings.storage_dir.rglob("*") if path.is_file()]
    assert outside == stored_files(settings)


def test_an_upload_without_a_file_is_told_which_field_is_missing(world):
    leave = ask(world)
    answer = world.as_("li").post(f"/leaves/{leave['id']}/attachments", data={"other": "x"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/file"


@pytest.mark.parametrize("who", ["cadre", "township_officer", "county_officer", "city_officer"])
def test_the_cadre_and_the_officers_of_its_area_read_its_papers(world, who):
    leave = ask(world)
    attachment = upload(world, leave, PDF).json()
    assert world.as_(who).get(f"/leaves/{leave['id']}/attachments").json() == [attachment]
    assert world.as_(who).get(f"/leaves/{leave['id']}/attachments/{attachment['id']}").content == PDF


@pytest.mark.parametrize(
    "who",
    [
        "wang",
        "sibling_township_officer",
        "foreign_township_officer",
        "foreign_county_officer",
        "foreign_unit_officer",
        "unit_officer",
    ],
)
def test_to_everybody_else_a_paper_answers_like_one_that_does_not_exist(world, who):
    leave = ask(world)
    attachment = upload(world, leave, PDF).json()
    reader = world.as_(who)
    missing = without_trace(reader.get(f"/leaves/{uuid4()}/attachments"))
    assert missing["status"] == 404
    assert without_trace(reader.get(f"/leaves/{leave['id']}/attachments")) == missing
    assert without_trace(reader.get(f"/leaves/{leave['id']}/attachments/{attachment['id']}")) == missing


def test_the_dispatch_unit_reads_the_papers_of_a_request_that_it_decides_on(world):
    leave = ask(world, days=16)
    attachment = upload(world, leave, PDF).json()
    got = world.as_("unit_officer").get(f"/leaves/{leave['id']}/attachments/{attachment['id']}")
    assert got.content == PDF


@pytest.mark.parametrize("who", ["dashboard", "admin"])
def test_dashboards_and_administrators_have_no_business_with_papers(world, who):
    leave = ask(world)
    attachment = upload(world, leave, PDF).json()
    assert world.as_(who).get(f"/leaves/{leave['id']}/attachments").status_code == 403
    assert world.as_(who).get(f"/leaves/{leave['id']}/attachments/{attachment['id']}").status_code == 403


def test_nobody_adds_a_paper_to_somebody_elses_request(world, settings):
    leave = ask(world)
    assert upload(world, leave, PDF, who="wang").status_code == 404
    assert upload(world, leave, PDF, who="township_officer").status_code == 403
    assert stored_files(settings) == []


def test_a_paper_of_one_request_is_not_found_under_another(world):
    first, second = ask(world), ask(world, starts_on=MONDAY.replace(day=25))
    attachment = upload(world, first, PDF).json()
    assert world.as_("li").get(f"/leaves/{second['id']}/attachments/{attachment['id']}").status_code == 404


def test_a_rejected_request_takes_no_more_papers(world, settings):
    leave = ask(world)
    assert decide(world, "township_officer", leave, "reject").status_code == 200
    answer = upload(world, leave, PDF)
    assert (answer.status_code, answer.json()["code"]) == (409, "wrong_state")
    assert stored_files(settings) == []


def test_the_eleventh_paper_is_refused(world):
    leave = ask(world)
    for number in range(10):
        assert upload(world, leave, PDF + b"%d" % number).status_code == 201
    answer = upload(world, leave, PDF + b"10")
    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_attachments")


def test_a_commit_that_fails_takes_the_file_away_again(world, settings, database):
    leave = ask(world)

    def fail(_session):
        raise RuntimeError("the disk of the database is full")

    event.listen(Session, "before_commit", fail)
    try:
        assert upload(world, leave, PDF).status_code == 500
    finally:
        event.remove(Session, "before_commit", fail)
    assert stored_files(settings) == []
    assert attachment_rows(database) == 0


def test_a_disk_that_is_full_leaves_no_partial_file(world, settings, database, monkeypatch):
    leave = ask(world)

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(storage.os, "fsync", full)
    answer = upload(world, leave, PDF)
    assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")
    assert stored_files(settings) == []
    assert attachment_rows(database) == 0


def test_bytes_that_changed_on_the_disk_are_told_and_not_handed_out(world, settings):
    leave = ask(world)
    attachment = upload(world, leave, PDF).json()
    path = f"/leaves/{leave['id']}/attachments/{attachment['id']}"
    [file] = stored_files(settings)
    file.write_bytes(PDF.replace(b"1 0", b"2 0"))
    answer = world.as_("li").get(path)
    assert (answer.status_code, answer.json()["code"]) == (410, "attachment_damaged")
    file.unlink()
    assert world.as_("li").get(path).status_code == 410


def attachment_rows(database) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(LeaveAttachment))


def without_trace(answer) -> dict:
    return {key: value for key, value in answer.json().items() if key != "trace_id"}
