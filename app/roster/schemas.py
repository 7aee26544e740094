"""Bodies of the roster."""

from collections.abc import Iterator
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from app.policy.datum import Datum
from app.policy.team import Finding
from app.roster.identifiers import is_phone, normalize_id_number, normalize_phone
from app.web.schemas import AreaCode, Day, Input, InstantOut, Name, Output, ShortText

Duty = Literal["first_secretary", "leader", "member"]
UnitLevel = Literal["province", "city", "county"]


class AreaLevel(StrEnum):
    PROVINCE = "province"
    CITY = "city"
    COUNTY = "county"
    TOWNSHIP = "township"
    VILLAGE = "village"


class AreaOut(Output):
    code: AreaCode
    name: str
    level: AreaLevel
    parent_code: str | None


class FenceOut(Output):
    """`geometry` 为 WGS-84，`{"circle": {"lng", "lat", "radius_m"}}` 或 `{"polygon": <GeoJSON>}`；`drawn`
    为提交时的原样和原坐标系。

    `geometry` is WGS-84, `{"circle": {"lng", "lat", "radius_m"}}` or `{"polygon": <GeoJSON>}`; `drawn` is what was
    sent, in its own datum.
    """

    id: UUID
    geometry: dict[str, Any]
    drawn: dict[str, Any]
    created_at: InstantOut


class AreaDetail(AreaOut):
    path: list[AreaOut] = Field(description="各上级区划，由高到低。The areas above it, highest first.")
    fences: list[FenceOut] | None = Field(description="无权查看的为空。Null for those who may not see them.")


class AreaIn(Input):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"code": "990101001003", "name": "新庄村", "level": "village", "parent_code": "990101001000"}]
        }
    )

    code: AreaCode
    name: ShortText
    level: Literal["township", "village"]
    parent_code: AreaCode


class CenterIn(Input):
    lng: Annotated[float, Field(ge=-180, le=180)]
    lat: Annotated[float, Field(ge=-90, le=90)]
    datum: Datum


class CircleIn(Input):
    center: CenterIn
    radius_m: Annotated[float, Field(ge=10, le=50_000)] | None = Field(
        default=None,
        description="米；不填为当地现行的围栏半径。In metres; the fence radius in force in the area unless given.",
    )


class PolygonIn(Input):
    """WGS-84 的 GeoJSON，经度在前。GeoJSON in WGS-84, longitude first."""

    type: Literal["Polygon", "MultiPolygon"]
    coordinates: list[Any]


def _exactly_one(*given: object) -> None:
    if sum(value is not None for value in given) != 1:
        raise PydanticCustomError(
            "exactly_one_shape", "shape", {"zh": "圆形与多边形须且只能填一种", "en": "give exactly one shape"}
        )


class ShapeIn(Input):
    circle: CircleIn | None = None
    polygon: PolygonIn | None = None

    @model_validator(mode="after")
    def _one_shape(self) -> Self:
        _exactly_one(self.circle, self.polygon)
        return self


class FencesIn(Input):
    """一个围栏，或在 `fences` 中列出多个；替换该村原有的全部围栏。

    One shape, or several of them in `fences`. They take the place of the village's earlier ones.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"circle": {"center": {"lng": 110.6812, "lat": 36.0985, "datum": "gcj02"}, "radius_m": 1500}},
                {
                    "polygon": {
                        "type": "Polygon",
                        "coordinates": [[[110.67, 36.09], [110.69, 36.09], [110.69, 36.11], [110.67, 36.09]]],
                    }
                },
            ]
        }
    )

    circle: CircleIn | None = None
    polygon: PolygonIn | None = None
    fences: Annotated[list[ShapeIn], Field(min_length=1, max_length=20)] | None = None

    @model_validator(mode="after")
    def _one_shape(self) -> Self:
        _exactly_one(self.circle, self.polygon, self.fences)
        return self

    def shapes(self) -> Iterator[tuple[str, CircleIn | PolygonIn]]:
        """Each shape, with the pointer to what holds it."""
        holders: list[tuple[str, FencesIn | ShapeIn]] = [("", self)]
        if self.fences is not None:
            holders = [(f"/fences/{number}", shape) for number, shape in enumerate(self.fences)]
        for pointer, holder in holders:
            shape = holder.circle or holder.polygon
            if shape is not None:
                yield pointer, shape


class UnitRef(Output):
    id: UUID
    name: str
    level: UnitLevel


class UnitOut(UnitRef):
    area_code: str


class UnitIn(Input):
    """按级别归属本县，或所属的市、省。

    A unit belongs to the viewer's county, or to the city or province above it, as its level says.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "青川市水利局", "level": "city"}]})

    name: Annotated[ShortText, Field(max_length=100)]
    level: UnitLevel


def _phone(value: str) -> str:
    number = normalize_phone(value)
    if not is_phone(number):
        raise PydanticCustomError(
            "phone_format", "phone", {"zh": "应为 11 位手机号", "en": "must be a mobile number of 11 digits"}
        )
    return number


Phone = Annotated[str, Field(max_length=30, examples=["13900000001"]), AfterValidator(_phone)]


class CadreIn(Input):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "张三", "id_number": "99010119800101001X", "phone": "13900000001"}]}
    )

    name: Name
    id_number: Annotated[str, Field(max_length=40), AfterValidator(normalize_id_number)]
    phone: Phone


class CadrePatch(Input):
    model_config = ConfigDict(json_schema_extra={"examples": [{"phone": "13900000002"}]})

    name: Name | None = None
    phone: Phone | None = Field(
        default=None, description="同时成为其登录名。Also becomes the login of the cadre's account."
    )

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.name is None and self.phone is None:
            raise PydanticCustomError(
                "nothing_to_change", "body", {"zh": "请填写要修改的姓名或手机号", "en": "give a name or a phone"}
            )
        return self


class CadreOut(Output):
    id: UUID
    county_code: str
    name: str
    phone: str
    id_number: str | None = Field(
        description="隐去出生日期；只有县级可见。Birth date masked; null except for county officers.",
        examples=["990101********001X"],
    )
    activated: bool | None = Field(
        description="账号是否已设密码；只有县级可见。Whether it has its password; null except for county officers."
    )


class NewCadreOut(CadreOut):
    login: str
    activation_code: str = Field(description="只显示一次。Shown once.", examples=["K7QM-2XRB-9TDE"])
    activation_expires_at: InstantOut


class PersonRef(Output):
    id: UUID
    name: str
    phone: str


class PostingIn(Input):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "cadre_id": "0192f7c2-6a4e-7b10-8000-000000000001",
                    "unit_id": "0192f7c2-6a4e-7b10-8000-000000000002",
                    "village_code": "990101001001",
                    "duty": "member",
                    "starts_on": "2026-01-01",
                    "ends_on": None,
                }
            ]
        }
    )

    cadre_id: UUID
    unit_id: UUID
    village_code: AreaCode
    duty: Duty
    starts_on: Day
    ends_on: Day | None = None


class PostingOut(Output):
    id: UUID
    cadre: PersonRef
    unit: UnitRef
    village_code: str
    village: str
    duty: Duty
    starts_on: date
    ends_on: date | None
    end_reason: str | None


class PostingEndIn(Input):
    model_config = ConfigDict(json_schema_extra={"examples": [{"ends_on": "2026-12-31", "reason": "期满轮换"}]})

    ends_on: Day = Field(description="派驻的最后一天。The last day of the posting.")
    reason: ShortText


class TeamMember(Output):
    posting_id: UUID = Field(validation_alias="id")
    cadre: PersonRef
    unit: UnitRef
    duty: Duty
    starts_on: date


class TeamFinding(Output):
    """提示，不因此拒绝办理。A warning; nothing is refused for it."""

    code: Finding
    detail: str
    basis: list[dict[str, Any]]


class TeamOut(Output):
    """某日一村的工作队。`size`、`levels`、`findings` 按全队计，查看者只见部分队员的也是如此。

    A village's team on a day. `size`, `levels` and `findings` are of the whole team, also where the viewer sees only
    some of its members.
    """

    village_code: str
    village: str
    size: int
    level: UnitLevel | None = Field(
        description="该村有两个层级的单位派驻时为空。Null where units of two levels serve in the village."
    )
    levels: list[UnitLevel]
    units: list[UnitRef]
    members: list[TeamMember]
    findings: list[TeamFinding]


class RowFaultOut(Output):
    row: int = Field(
        description="表格中的行号，表头为第 1 行。As the spreadsheet counts; the heading is in the first row."
    )
    column: str
    code: str
    detail: str


class ImportReport(Output):
    """导入的结果，或试运行的预计结果。有任何错误时一行也不保存，各项计数为 0。

    What an import did, or on a dry run would do. With any error nothing is saved and the counts are 0.
    """

    rows: int
    created: int
    updated: int
    unchanged: int
    errors: list[RowFaultOut]
