"""What a division's code says of its level and parent, and which names mean the same village."""

import re
from typing import Final

from app.access.areas import city_of, county_of, level_of, province_of, township_of

CODE = re.compile(r"[0-9]{12}")

LEVEL_WORDS: Final = {
    "province": "province", "省": "province", "省级": "province", "自治区": "province", "直辖市": "province",
    "city": "city", "市": "city", "市级": "city", "地级": "city", "地市级": "city",
    "county": "county", "县": "county", "县级": "county", "区": "county", "区县": "county", "区县级": "county",
    "township": "township", "乡": "township", "乡级": "township", "镇": "township", "街道": "township",
    "乡镇": "township", "乡镇级": "township",
    "village": "village", "村": "village", "村级": "village", "社区": "village", "村社区": "village",
}  # fmt: skip
"""How files write a level."""

_VILLAGE_SUFFIX = re.compile(r"(?:村民委员会|居民委员会|村委会|居委会|社区|村)$")


def code_fault(code: str, level: str, parent_code: str | None) -> str | None:
    """`area_code_format`, `area_level`, `area_parent_missing`, `area_parent`, or None where the three agree."""
    if not CODE.fullmatch(code) or not code.strip("0"):
        return "area_code_format"
    if level_of(code) != level:
        return "area_level"
    if parent_code is None:
        return "area_parent_missing" if level in {"township", "village"} else None
    return None if parent_code in _parents(code, level) else "area_parent"


def _parents(code: str, level: str) -> tuple[str, ...]:
    """A county may hang on its city or, where the province runs it directly, on the province."""
    if level == "village":
        return (township_of(code),)
    if level == "township":
        return (county_of(code),)
    if level == "county":
        return (city_of(code), province_of(code))
    return (province_of(code),) if level == "city" else ()


def is_same_village(written: str, village: str, township: str) -> bool:
    """Whether a name as an office writes it (上庄村, 石桥乡上庄) means the one on record (上庄村委会)."""
    wanted = _core(village)
    return _core(written) in {wanted, _core(township + village)}


def _core(name: str) -> str:
    """The name without its administrative suffixes: 上庄村村民委员会 and 上庄 are one place."""
    core = re.sub(r"\s", "", name)
    while (shorter := _VILLAGE_SUFFIX.sub("", core)) not in {core, ""}:
        core = shorter
    return core
