"""What the numbers mean, in the reader's language."""

_DEFINITIONS: dict[str, tuple[str, str]] = {
    "people": (
        "人日数：期间内每名在派驻期内的干部每天计一，等于六种状态之和；单日即人数。",
        (
            "Person-days: one for each posted cadre and day of the period, the sum of the six statuses; on a single day"
            " the number of people."
        ),
    ),
    "on_post": ("在岗的人日数。", "Person-days on post (在岗)."),
    "official": ("公出的人日数。", "Person-days on official trips or training (公出)."),
    "leave": ("经批准请假的人日数。", "Person-days of approved leave (请假)."),
    "rest": ("休息日且无登记的人日数。", "Person-days of rest without presence (休息)."),
    "absent": ("当日结束后无登记、请假、公出、休息的人日数。", "Person-days absent, once the day is closed (离岗)."),
    "pending": (
        "尚未结束的日子或停电断网期间待核实的人日数。",
        "Person-days of days that are still open, or that wait for the township after an outage (待定).",
    ),
    "unconfirmed": (
        "乡镇尚未确认的人日数，含在以上各项之内。",
        "Of all of these, those that the township has not confirmed.",
    ),
    "on_post_rate": (
        "（在岗 + 公出）÷（人日数 − 休息），保留四位小数；分母为零时为空。",
        "(on_post + official) / (people − rest), to four digits; null where the divisor is 0.",
    ),
    "period": (
        "起止均含当日；今天以后的日子和县里启用本系统以前的日子不计；无人派驻的期间或区域没有对应的行。",
        (
            "Both ends inclusive. Days after today, and days before the county began with the service, count nothing; a"
            " period or area without anybody has no row."
        ),
    ),
    "suppressed": (
        (
            "县里要求不展示小群体时，人数（取期间内人数最多的一天）不足规定数的行不展示数字；为防止相减推算，另隐去同组次小的行。"
            "仅对看板账号生效，不防范将不同期间的结果拼合推算。"
        ),
        (
            "Where the county asks for it, rows about fewer people (on their fullest day) than its number carry none,"
            " nor do as many of the next smallest as it takes against subtraction. For dashboards only; it does not"
            " guard against putting together answers about different periods."
        ),
    ),
    "as_of": (
        "数据截至时间；由备用数据库应答时可能早于应答时间。",
        "The instant as of which the data is complete; earlier than the answer where a standby database gave it.",
    ),
}

_FLAG_DEFINITIONS: dict[str, tuple[str, str]] = {
    "flags": (
        "按情形和当前状态统计的召回（调整）提示数，含已办结的；提示不等于结论。",
        "Recall flags by ground and present state, settled ones among them; a flag is no verdict.",
    ),
    "as_of": _DEFINITIONS["as_of"],
}


def definitions(language: str) -> dict[str, str]:
    return _in(language, _DEFINITIONS)


def flag_definitions(language: str) -> dict[str, str]:
    return _in(language, _FLAG_DEFINITIONS)


def _in(language: str, texts: dict[str, tuple[str, str]]) -> dict[str, str]:
    return {name: en if language == "en" else zh for name, (zh, en) in texts.items()}
