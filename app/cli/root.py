"""The command line itself. Each command is a module that registers on `app`."""

import typer

app = typer.Typer(
    name="app.cli",
    help="驻村干部在岗管理。配置来自环境变量（DATABASE_URL、HOST、PORT……）。",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
