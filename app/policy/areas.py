"""Division codes: 省2 市2 县2 乡3 村3, filled up with zeros."""

LEVEL_LABELS_ZH = {"province": "省", "city": "市", "county": "县", "township": "乡镇", "village": "村"}

_LENGTHS = (2, 4, 6, 9, 12)


def area_prefix(code: str) -> str:
    """The significant digits of a 12-digit code, which the codes of all areas below it begin with."""
    for length in _LENGTHS:
        if not code[length:].strip("0"):
            return code[:length]
    return code
