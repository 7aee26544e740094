"""How many connections a server takes."""

import resource

import pytest

from app.cli.descriptors import allow_many_connections


@pytest.fixture
def few_allowed():
    """This process started with few, and may allow itself more."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (512, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_a_server_takes_more_connections_than_a_process_is_started_with(few_allowed):
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allow_many_connections()
    soft, hard_after = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert soft == (min(hard, 65_536) if hard != resource.RLIM_INFINITY else 65_536)
    assert hard_after == hard


def test_what_the_operator_has_allowed_already_stays(monkeypatch):
    monkeypatch.setattr(resource, "getrlimit", lambda _which: (100_000, 200_000))
    monkeypatch.setattr(resource, "setrlimit", lambda *_limits: pytest.fail("lowered"))
    allow_many_connections()
