"""The month lock as writers meet it: from its monthly filing on the township's month stands, and only the county
corrects it.
"""

from datetime import date

from sqlalchemy.orm import Session

from app.access.areas import county_of
from app.attendance.heads import take_heads
from app.attendance.law import is_locked
from app.errors import Conflict


def take_open_day(session: Session, township_code: str, day: date) -> None:
    """Take a day for a township that is about to write to it; Conflict `month_locked` where the month has been filed.
    The head first and the question afterwards: a filing holds the heads of its month while it freezes the sheet, so
    whoever gets here sees that filing, or is seen by it.
    """
    take_heads(session, [(county_of(township_code), day)])
    if is_locked(session, township_code, day):
        raise month_locked()


def month_locked() -> Conflict:
    return Conflict(
        "month_locked",
        "该月已由乡镇报送并锁定，只能由县级更正。",
        "The township has filed this month; only the county corrects it now.",
    )
