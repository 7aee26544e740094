"""Files that somebody names on the command line."""

from pathlib import Path

from app.cli.console import MISUSED, Refusal


def read_bounded(file: Path, max_bytes: int) -> bytes:
    """The content of a file that is not larger; a Refusal otherwise."""
    try:
        with file.open("rb") as opened:
            raw = opened.read(max_bytes + 1)
    except OSError as error:
        raise Refusal(f"无法读取文件 {file}。", f"The file {file} can't be read.", MISUSED) from error
    if len(raw) > max_bytes:
        raise Refusal(f"文件 {file} 过大。", f"The file {file} is too large.", MISUSED)
    return raw
