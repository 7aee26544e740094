"""The one-time codes of a county's cadres, for the office to print, cut and hand out."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import or_, select

from app.access.activation import issue_activation_code
from app.access.call import Call
from app.access.scope import visible, visible_cadres
from app.clock import SHANGHAI
from app.models import Account, Area, Cadre, Posting

HEADING: Final = (("姓名", 12), ("派驻村", 24), ("登录名", 16), ("激活码", 20), ("有效期至", 18))
NOTICE: Final = "激活码仅限本人使用一次，请当面交付并妥善保管；重新生成本表后，之前的激活码全部作废。"


@dataclass(frozen=True, slots=True)
class Slip:
    name: str
    villages: str
    login: str
    code: str
    valid_until: str


def build_activation_sheet(call: Call, activation_days: int) -> bytes:
    """New codes for every cadre of the county's roster who has not set a password; earlier codes are void."""
    slips = _issue(call, activation_days)
    call.audit(
        chain=call.viewer.area_code or "",
        action="activation_codes.issued",
        target=call.viewer.area_code or "",
        accounts=len(slips),
    )
    return _as_workbook(slips)


def _issue(call: Call, activation_days: int) -> list[Slip]:
    waiting = (
        select(Account, Cadre)
        .join(Cadre, Cadre.id == Account.cadre_id)
        .where(visible_cadres(call.viewer), Cadre.county_code == call.viewer.area_code)
        .where(Account.password_hash.is_(None), Account.active.is_(True))
    )
    accounts = call.session.execute(waiting).all()
    villages = _villages(call)
    slips = []
    for account, cadre in accounts:
        code = issue_activation_code(account, call.now, activation_days)
        until = (account.activation_expires_at or call.now).astimezone(SHANGHAI)
        slips.append(Slip(cadre.name, villages.get(cadre.id, ""), account.login, code, f"{until:%Y-%m-%d %H:%M}"))
    call.session.flush()
    return sorted(slips, key=lambda slip: (slip.villages, slip.name, slip.login))


def _villages(call: Call) -> dict[UUID, str]:
    """Where each cadre is or will be posted."""
    query = (
        select(Posting.cadre_id, Area.name)
        .join(Area, Area.code == Posting.village_code)
        .where(visible(call.viewer, Posting), or_(Posting.ends_on.is_(None), Posting.ends_on >= call.today))
        .order_by(Posting.starts_on)
    )
    names: dict[UUID, list[str]] = {}
    for cadre_id, name in call.session.execute(query):
        names.setdefault(cadre_id, []).append(name)
    return {cadre_id: "、".join(listed) for cadre_id, listed in names.items()}


def _as_workbook(slips: Sequence[Slip]) -> bytes:
    import xlsxwriter  # noqa: PLC0415 - late: for workbooks alone

    buffer = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(buffer, options) as workbook:
        sheet = workbook.add_worksheet("激活码")
        heading = workbook.add_format({"bold": True, "bg_color": "#DDEBF7", "border": 1, "align": "center"})
        text = workbook.add_format({"num_format": "@", "border": 1})
        code = workbook.add_format({"num_format": "@", "border": 1, "font_name": "Consolas"})
        _lay_out(sheet)
        for position, (title, width) in enumerate(HEADING):
            sheet.set_column(position, position, width)
            sheet.write_string(0, position, title, heading)
        for number, slip in enumerate(slips, start=1):
            for position, cell in enumerate((slip.name, slip.villages, slip.login, slip.code, slip.valid_until)):
                sheet.write_string(number, position, cell, code if position == 3 else text)
    return buffer.getvalue()


def _lay_out(sheet: Any) -> None:
    """A4, one page wide, the heading on each page and the notice below."""
    sheet.freeze_panes(1, 0)
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    sheet.set_footer(f"&L&8{NOTICE}&R&8&P/&N")
