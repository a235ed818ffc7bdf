"""`machikado simulate`: many seeds on all processors, or one seed as a story."""

from __future__ import annotations

import gc
import multiprocessing
import os
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import psycopg

from virtual.postgres import cluster
from virtual.simulation.run import Result, play_seed, quiet, shrink, stage

_SHARES = 8
"""Shares of the seeds that each process gets, one after the other, so that all end at about one time."""
_SHOWN = 3
"""Failing seeds of which the story is printed."""


@dataclass(frozen=True)
class Share:
    """What one process found in its part of the seeds."""

    played: int
    failed: list[Result]
    counts: Counter[str]


def simulate(seeds: int, first: int, database: str, *, single: bool = False) -> int:
    """Play the seeds from `first` on; returns the exit code: 0 where every invariant held in all of them."""
    with quiet(), _database(database) as url:
        return _tell_one(first, url) if single else _play_many(seeds, first, url)


def _tell_one(seed: int, database: str) -> int:
    """The whole story of one seed; if it fails, also the shortest that fails in the same way."""
    with _own(database) as url, stage(url) as boards:
        result = play_seed(boards, seed)
        print(*result.story, sep="\n")
        if result.held:
            print(f"seed {seed}: every invariant held. history {result.digest[:16]}")
            return 0
        print(f"seed {seed}: {result.failure}")
        _print_short(shrink(boards, result))
    return 1


def _print_short(short: Result) -> None:
    print(f"\nseed {short.plan.seed}, as short as it gets ({len(short.plan.events)} events):")
    print(*short.story, sep="\n")
    print(short.failure, flush=True)


def _play_many(seeds: int, first: int, database: str) -> int:
    started = time.monotonic()
    processes = os.cpu_count() or 1
    size = max(1, seeds // (processes * _SHARES))
    last = first + seeds
    shares = [(start, min(start + size, last), database) for start in range(first, last, size)]
    failed: list[Result] = []
    counts: Counter[str] = Counter()
    with multiprocessing.get_context("fork").Pool(processes) as pool:
        for share in pool.imap_unordered(_play_share, shares):
            failed += share.failed
            counts += share.counts
    seconds = time.monotonic() - started
    _report(seeds, seconds, failed, counts)
    _tell_failed(failed, database)
    return 1 if failed else 0


def _play_share(share: tuple[int, int, str]) -> Share:
    start, end, database = share
    counts: Counter[str] = Counter()
    failed = []
    with quiet(), _own(database) as url, stage(url) as boards:
        gc.freeze()  # what is there by now stays; looking through it again and again takes its time
        for seed in range(start, end):
            result = play_seed(boards, seed)
            counts += result.counts
            if not result.held:
                failed.append(result)
    return Share(end - start, failed, counts)


def _report(seeds: int, seconds: float, failed: list[Result], counts: Counter[str]) -> None:
    print(f"{seeds} seeds in {seconds:.1f} s, {seeds / seconds:.1f} a second; {len(failed)} failed")
    for name, number in sorted(counts.items()):
        print(f"  {number:>8}  {name}")


def _tell_failed(failed: list[Result], database: str) -> None:
    for result in sorted(failed, key=lambda found: found.plan.seed):
        print(f"seed {result.plan.seed}: {result.failure}")
    with _own(database) as url, stage(url) as boards:
        for result in failed[:_SHOWN]:
            _print_short(shrink(boards, result))


@contextmanager
def _database(kind: str) -> Iterator[str]:
    """`sqlite`, or the maintenance database of a PostgreSQL that is ours while this runs."""
    if kind == "sqlite":
        yield kind
        return
    with TemporaryDirectory(prefix="machikado-pg-") as folder, cluster(Path(folder)) as url:
        yield url


@contextmanager
def _own(database: str) -> Iterator[str]:
    """A database that nobody else uses."""
    if database == "sqlite":
        yield database
        return
    name = f"simulation_{uuid4().hex}"
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute(f"CREATE DATABASE {name}")
    try:
        yield database.rsplit("/", 1)[0] + f"/{name}"
    finally:
        with psycopg.connect(database, autocommit=True) as conn:
            conn.execute(f"DROP DATABASE {name} WITH (FORCE)")
