"""The command line itself. Each command is a module that registers on `app`, and is imported when it is asked for: a
server that starts need not wait for what makes demo counties.
"""

from importlib import import_module

import typer

app = typer.Typer(name="app.cli", add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)

COMMANDS = {
    "activation-code": "accounts",
    "audit": "audit",
    "backup": "backup",
    "close-day": "close_day",
    "deliver-webhooks": "deliver_webhooks",
    "demo": "demo",
    "doctor": "doctor",
    "import-calendar": "import_calendar",
    "init": "init",
    "migrate": "migrate",
    "partitions": "partitions",
    "replay": "replay",
    "rotate-keys": "keys",
    "serve": "serve",
}
"""Each command and its module."""


@app.callback()
def root() -> None:
    """驻村干部在岗管理。配置来自环境变量（DATABASE_URL、HOST、PORT……）。"""


def load(command: str | None) -> None:
    """Import a command's module; whatever else is asked for is about all of them."""
    modules = [COMMANDS[command]] if command in COMMANDS else COMMANDS.values()
    for module in modules:
        import_module(f"app.cli.{module}")
