"""Arithmetic of 12-digit division codes: 省2 市2 县2 乡3 村3."""

from typing import Any

from sqlalchemy import ColumnElement, and_

from app.policy.areas import area_prefix

__all__ = [
    "area_prefix",
    "city_of",
    "contains",
    "county_column_in",
    "county_of",
    "in_area",
    "level_of",
    "prefix_range",
    "province_of",
    "township_of",
]

_LEVEL_BY_LENGTH = {2: "province", 4: "city", 6: "county", 9: "township", 12: "village"}


def level_of(code: str) -> str:
    """The level that the trailing zeros of a code tell."""
    return _LEVEL_BY_LENGTH[len(area_prefix(code))]


def county_of(code: str) -> str:
    """The county of a county, township or village."""
    return code[:6] + "000000"


def township_of(code: str) -> str:
    return code[:9] + "000"


def city_of(code: str) -> str:
    return code[:4] + "00000000"


def province_of(code: str) -> str:
    return code[:2] + "0000000000"


def contains(outer: str, inner: str) -> bool:
    """Whether `inner` is `outer` or lies below it."""
    return inner.startswith(area_prefix(outer))


def prefix_range(code: str) -> tuple[str, str]:
    """The least and the greatest code inside an area."""
    prefix = area_prefix(code)
    return prefix.ljust(12, "0"), prefix.ljust(12, "9")


def in_area(model: Any, code: str) -> ColumnElement[bool]:
    """The condition that a row with the three area columns lies in the area. It always bounds `county_code`, the
    first column of the large tables' keys.
    """
    level = level_of(code)
    if level == "village":
        return and_(model.county_code == county_of(code), model.village_code == code)
    if level == "township":
        return and_(model.county_code == county_of(code), model.township_code == code)
    return county_column_in(model.county_code, code)


def county_column_in(column: Any, code: str) -> ColumnElement[bool]:
    """The condition that a column of county codes lies in a county, city or province."""
    if level_of(code) == "county":
        return column == code  # type: ignore[no-any-return]
    return column.between(*prefix_range(code))  # type: ignore[no-any-return]
