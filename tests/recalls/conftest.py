import pytest

from tests.recalls.support import MONDAY, Ledger, flags_of


@pytest.fixture
def ledger(world, clock):
    clock.set("2026-11-24 09:00")
    return Ledger(world)


@pytest.fixture
def candidate(world, ledger):
    """The id of li's flag: 16 confirmed days from 2 to 17 November."""
    ledger.absent("li", MONDAY, 16)
    (flag,) = flags_of(world)
    assert flag["state"] == "candidate"
    return flag["id"]
