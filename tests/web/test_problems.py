"""In which language a refusal is told, and what is said of a field."""

import psycopg.errors
import pytest
from sqlalchemy.exc import OperationalError
from starlette.requests import Request

from app.error_texts import describe_validation
from app.errors import language_of, problem_of


def asked(accept_language: str | None) -> Request:
    headers = [] if accept_language is None else [(b"accept-language", accept_language.encode("latin-1"))]
    return Request({"type": "http", "headers": headers})


@pytest.mark.parametrize(
    ("accept_language", "language"),
    [
        (None, "zh"),
        ("", "zh"),
        ("*", "zh"),
        ("zh-CN", "zh"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("fr", "zh"),
        ("en", "en"),
        ("EN-us", "en"),
        ("en-US,en;q=0.9,zh;q=0.8", "en"),
        ("zh;q=0.1,en", "en"),
        ("zh;q=0.8, en ; q=0.9", "en"),
        ("en;q=0.8, zh;q=0.9", "zh"),
        ("en,zh", "en"),
        ("zh,en", "zh"),
        ("fr, en;q=0.5", "en"),
        ("fr,,en", "en"),
        ("en, *;q=0.5", "en"),
        ("en;q=0.5, *", "zh"),
        ("*, zh;q=0", "en"),
        ("*, en;q=0", "zh"),
        ("en;q=0", "zh"),
        ("enm", "zh"),
        ("en;q=2", "zh"),
        ("en;q=much", "zh"),
        ("en;q=", "zh"),
        ("en;level=1", "zh"),
        ("en, zh;;", "zh"),
        ("en_US", "zh"),
        ("en, \xff", "zh"),
    ],
)
def test_the_language_is_the_one_that_is_preferred_and_chinese_where_that_is_not_clear(accept_language, language):
    assert language_of(asked(accept_language)) == language


@pytest.mark.parametrize(
    ("context", "sentences"),
    [
        ({"gt": 3}, ("应大于 3", "must be greater than 3")),
        ({}, ("内容无效", "not valid")),
        ({"gt": object()}, ("内容无效", "not valid")),
    ],
)
def test_a_fault_is_told_in_both_languages_also_where_its_bound_is_not_known(context, sentences):
    assert describe_validation({"type": "greater_than", "ctx": context}) == ("greater_than", *sentences)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (psycopg.errors.DeadlockDetected, "busy"),
        (psycopg.errors.SerializationFailure, "busy"),
        (psycopg.errors.AdminShutdown, "database_unavailable"),
    ],
)
def test_whoever_the_database_broke_off_in_favour_of_another_comes_again_as_to_a_busy_service(error, code):
    problem = problem_of(OperationalError("UPDATE", {}, error()))
    assert (problem.status, problem.code, problem.headers["Retry-After"]) == (503, code, "2")
