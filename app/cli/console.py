"""What the command line says, and how it gives up: one sentence in Chinese, one in English, no traceback."""

import sys

import typer

FAILED = 1
"""The world is not as it should be: a port in use, a database out of reach."""
MISUSED = 2
"""The command or its settings are not as they should be."""


class Refusal(Exception):
    def __init__(self, zh: str, en: str, exit_code: int = FAILED) -> None:
        super().__init__(en)
        self.zh = zh
        self.en = en
        self.exit_code = exit_code


def say(text: str) -> None:
    typer.echo(text)


def complain(zh: str, en: str) -> None:
    typer.echo(f"{zh} {en}", err=True)


def is_interactive() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()
