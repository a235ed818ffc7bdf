"""`make fuzz`: coverage-guided fuzzing of everything that reads card bytes, each target in its own process.

`python -m benchmarks.fuzz_cards [SECONDS] [TARGET …]` goes through the targets and prints executions per
second and findings; input that breaks something stays in `var/fuzz/`, and is run again first the next time.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from benchmarks.report import heading, line

FOLDER = Path("var/fuzz")
SECONDS = 30
SLOW = 2
"""Seconds one input may take; a card that can hold us longer is a finding."""


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["--inside"]:
        _fuzz(arguments[1], arguments[2:])
        return 0
    from benchmarks.fuzz_targets import TARGETS

    seconds = int(arguments.pop(0)) if arguments and arguments[0].isdigit() else SECONDS
    heading(f"Fuzzing what reads card bytes ({seconds} s each)")
    return max([_run(name, seconds) for name in arguments or TARGETS])


def _run(name: str, seconds: int) -> int:
    """Fuzz one target; 0 when nothing was found."""
    from benchmarks.fuzz_targets import seeds

    corpus, found = FOLDER / name / "corpus", FOLDER / name / "found"
    for folder in (corpus, found):
        folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds(name)):
        (corpus / f"seed-{number}").write_bytes(seed)
    known = {path.name for path in found.iterdir()}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.fuzz_cards", "--inside", name, str(corpus), str(found),
         f"-max_total_time={seconds}", f"-timeout={SLOW}", "-max_len=8192", f"-artifact_prefix={found}/"],
        capture_output=True, text=True, check=False, timeout=seconds * 3 + 60,
    )  # fmt: skip
    said = done.stdout + done.stderr
    runs = re.findall(r"stat::number_of_executed_units: (\d+)|Done (\d+) runs", said)
    total = max((int(a or b) for a, b in runs), default=0)
    coverage = re.findall(r"cov: (\d+)", said)
    new = {path.name for path in found.iterdir()} - known
    line(
        name,
        f"{total / seconds:,.0f} executions/s",
        f"{total:,} runs, coverage {coverage[-1] if coverage else '?'}",
    )
    if done.returncode == 0:
        return 0
    print("\n".join(said.splitlines()[-25:]))
    line(f"{name}: found", ", ".join(sorted(new)) or "ended with an error")
    return 1


def _fuzz(name: str, arguments: list[str]) -> None:
    """Inside the process of one target: instrument our readers, then hand over to the fuzzer."""
    import atheris

    with atheris.instrument_imports(include=["drivers", "kiosk.ports"]):
        from benchmarks.fuzz_targets import TARGETS, seeds

    seeds(name)  # makes the keys once, before time is counted
    atheris.Setup([sys.argv[0], "-print_final_stats=1", *arguments], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
