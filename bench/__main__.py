"""`python -m bench [SECTION …]`: measure, print tables, write bench/results/<time>.json."""

import argparse
import shutil
import tempfile
import time
from pathlib import Path

from bench import batches, check_in, closing, connections, crowd, growth, lone, reading, start, today, unchanged  # noqa: F401 - each import puts its sections on the list
from bench.machine import describe
from bench.registry import SECTIONS, Result, Run
from bench.report import save, show
from bench.servers import load_generator


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("sections", nargs="*", help=f"of: {', '.join(SECTIONS)}")
    parser.add_argument("--rounds", type=int, default=3, help="of each comparison, alternating")
    parser.add_argument("--quick", action="store_true", help="a few hundred requests each: a smoke test")
    chosen = parser.parse_args()
    unknown = set(chosen.sections) - SECTIONS.keys()
    if unknown:
        parser.error(f"no such section: {', '.join(sorted(unknown))}")
    wanted = [s for s in SECTIONS.values() if (s.name in chosen.sections if chosen.sections else s.by_default)]
    machine = describe() | {"load_generator": load_generator()}
    results: dict[str, Result] = {}
    folder = Path(tempfile.mkdtemp(prefix="zaigang-bench-"))
    try:
        for section in wanted:
            started = time.perf_counter()
            result = results[section.name] = section.measure(Run(folder, chosen.quick, chosen.rounds))
            result.notes.append(f"measured in {time.perf_counter() - started:.0f} s")
            show(section, result)
    except BaseException:
        print(f"\nthe server's log is in {folder}")
        raise
    else:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"\n{save(machine, results)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
