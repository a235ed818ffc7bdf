"""What one kiosk has to be told: who it is, where it stands, where its server and its hardware are."""

from __future__ import annotations

import ssl
import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError


class SettingsError(Exception):
    """The settings file does not fit; the text says where and what to do."""


class ScreenSettings(BaseModel):
    """`diagonal_mm` turns millimetres into pixels, for panels lie about their DPI."""

    model_config = ConfigDict(extra="forbid")

    width: int = 1280
    height: int = 800
    fullscreen: bool = True
    diagonal_mm: float = Field(256.5, gt=50)
    languages: tuple[str, ...] = ("ja", "ja_simple", "en")


class KioskSettings(BaseModel):
    """One TOML file. Paths may be relative to its folder. Secrets are files, never values in here.

    `server_ca` (PEM) is the one authority whose certificates this kiosk takes from its server.
    """

    model_config = ConfigDict(extra="forbid")

    device_id: str = Field(pattern=r"^[a-z0-9-]{1,40}$")
    facility_id: str
    server_url: str
    server_ca: Path | None = None
    identity_file: Path | None = None
    ward_key_file: Path
    data_dir: Path
    trust_dir: Path
    reader: str | None = None
    felica_system: str | None = Field(None, pattern=r"^[0-9A-Fa-f]{4}$")
    scanner: Path | None = None
    printer: Path | None = None
    screen: ScreenSettings = ScreenSettings()

    @property
    def database(self) -> Path:
        return self.data_dir / "kiosk.db"

    @property
    def ward_system(self) -> int | None:
        """FeliCa system code of the ward's own cards."""
        return None if self.felica_system is None else int(self.felica_system, 16)

    @property
    def identity(self) -> Path:
        """Where this device's key is kept (made by `machikado kiosk enrol`)."""
        return self.identity_file or self.data_dir / "identity.json"

    def ward_key(self) -> bytes:
        """The key of the ward's card tags, hex in its file (kept outside the database)."""
        return bytes.fromhex(self.ward_key_file.read_text().strip())


def load_settings(path: Path) -> KioskSettings:
    """Read the TOML file; raises SettingsError with the line or field that is wrong."""
    try:
        settings = KioskSettings.model_validate(tomllib.loads(path.read_text("utf-8")))
    except FileNotFoundError as error:
        raise SettingsError(f"{path}: no such file. See docs/kiosk.md for an example.") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: not valid TOML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "file"
        raise SettingsError(f"{path}: {where}: {first['msg']}") from error
    base = path.parent
    paths = (
        "server_ca", "identity_file", "ward_key_file", "data_dir", "trust_dir", "scanner", "printer",
    )  # fmt: skip
    resolved = {name: base / value for name in paths if (value := getattr(settings, name)) is not None}
    found = settings.model_copy(update=resolved)
    if found.server_ca is not None:
        _check_authority(path, found.server_url, found.server_ca)
    return found


def _check_authority(path: Path, server_url: str, authority: Path) -> None:
    """A pinned authority that would not be asked, or cannot be read, must not go unnoticed."""
    if not server_url.startswith("https://"):
        raise SettingsError(f"{path}: server_ca: is of use only with a server_url that begins with https://")
    try:
        ssl.create_default_context(cafile=str(authority))
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(f"{path}: server_ca: {authority}: no certificate in PEM") from error
