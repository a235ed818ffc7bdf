"""`make bench`: all measurements, each beside its baseline of the same run."""

from __future__ import annotations

import sys

from benchmarks import card, card_io, lending, start, sync

ALL = {"lending": lending.run, "sync": sync.run, "card": card.run, "cards": card_io.run, "start": start.run}


def main(names: list[str]) -> None:
    for name in names or ALL:
        ALL[name]()


if __name__ == "__main__":
    main(sys.argv[1:])
