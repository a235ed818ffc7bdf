"""A kiosk that has met the server once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Central, RemoteKiosk


@pytest.fixture
def kiosk(central: Central, tmp_path: Path) -> RemoteKiosk:
    made = central.kiosk(tmp_path / "k1")
    assert made.sync()
    return made
