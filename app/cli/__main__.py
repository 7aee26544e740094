"""`python -m app.cli`."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - said in words before anything newer is parsed
    sys.exit("需要 Python 3.11 或更高版本。Python 3.11 or newer is needed.")

from app.cli.main import run

sys.exit(run())
