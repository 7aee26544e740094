"""`demo`: a fictional county to try the service with, and the one line that checks a cadre in."""

from typing import Annotated

import typer
from sqlalchemy import select

from app import clock
from app.cli import opening
from app.cli.console import Refusal, say
from app.cli.root import app
from app.cli.serve import address_of, run_server
from app.database import Database
from app.demo.county import OFFICERS, PASSWORD
from app.demo.seed import is_demo, is_empty, seed
from app.models import Account, Fence, Posting
from app.settings import Settings


@app.command()
def demo(*, serve: Annotated[bool, typer.Option("--serve", help="完成后启动服务")] = False) -> None:
    """建立演示县（虚构，区划代码以 99 开头）；已有数据则保留。"""
    settings = opening.load_settings(close_days_in_server=True)
    with opening.sole_use(settings):
        opening.require_storage(settings)
        opening.migrate(settings)
        with opening.open_database(settings) as database:
            if is_empty(database):
                say("正在生成三个月的演示数据，约需半分钟 / making three months of demo data…")
                seed(database, clock.now())
            elif not is_demo(database):
                raise Refusal(
                    "该数据库已有正式数据，不能用于演示；请改用 python -m app.cli serve。",
                    "This database holds real data; start it with python -m app.cli serve.",
                )
            say(_introduction(database, settings))
    if serve:
        run_server(settings)


def _introduction(database: Database, settings: Settings) -> str:
    address = address_of(settings)
    with database.reading() as session:
        posting = session.scalars(select(Posting).order_by(Posting.id).limit(1)).one()
        cadre = session.scalars(select(Account).where(Account.cadre_id == posting.cadre_id)).one()
        fence = session.scalars(select(Fence).where(Fence.area_code == posting.village_code)).first()
    center = fence.geometry["circle"] if fence else {"lng": 0, "lat": 0}
    officers = "\n".join(f"  {login:<12} {name}（{role}）" for login, name, role, _ in OFFICERS)
    return f"""
演示账号，密码均为 {PASSWORD} / demo accounts, all with the password above:
{officers}
  unit         派出单位（unit_officer）
  {cadre.login}  {cadre.name}（cadre；其余驻村干部 19900000002 … 19900000040）
  dashboard    看板程序（client_credentials，密钥同上）
去向牌 / the public board: {address}/board/{posting.village_code}
接口文档 / API docs:       {address}/docs

为 {cadre.name} 登记到岗 / check this cadre in:
{check_in_line(address, cadre.login, center["lng"], center["lat"])}
"""


def check_in_line(address: str, login: str, lng: float, lat: float) -> str:
    """One line for a shell with curl and python3."""
    token = (
        f"curl -s {address}/api/v1/auth/token -d grant_type=password -d username={login} -d password={PASSWORD}"
        """ | python3 -c 'import json,sys; print(json.load(sys.stdin)["access_token"])'"""
    )
    body = (
        """'{"id": "'$(python3 -c 'import uuid; print(uuid.uuid4())')'","""
        """ "captured_at": "'$(date +%Y-%m-%dT%H:%M:%S%z | sed "s/..$/:&/")'","""
        f""" "position": {{"lng": {lng}, "lat": {lat}, "datum": "wgs84", "accuracy_m": 15}}}}'"""
    )
    return (
        f"""curl -s {address}/api/v1/check-ins -H "Authorization: Bearer $({token})" """
        f"""-H 'Content-Type: application/json' -d {body}"""
    )
