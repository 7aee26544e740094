"""Days as papers write them."""

from datetime import date


def chinese_day(day: date) -> str:
    """成文日期: Arabic numerals, no leading zeros."""
    return f"{day.year}年{day.month}月{day.day}日"
