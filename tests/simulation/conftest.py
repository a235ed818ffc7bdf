"""A stage on which simulations are played, made once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from virtual.simulation.run import Stage, stage


@pytest.fixture(scope="session")
def board() -> Iterator[Stage]:
    with stage() as made:
        yield made
