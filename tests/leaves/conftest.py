"""The world with a cadre from every level of dispatch unit, and officers of those units."""

import pytest

from tests.support.world import VILLAGE, World


@pytest.fixture
def offices_world(world: World) -> World:
    """`li` is sent by a county unit, `qian` by a city one, `wu` by a provincial one: all three in VILLAGE."""
    with world.database.writing() as session:
        world.add_cadre(session, "qian", VILLAGE, "city")
        world.add_cadre(session, "wu", VILLAGE, "province")
        world.add_account(session, "city_unit_officer", "unit_officer", unit_id=world.units["city"])
        world.add_account(session, "province_unit_officer", "unit_officer", unit_id=world.units["province"])
    return world
