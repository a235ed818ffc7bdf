"""Which adapter a setting means: `nfcpy:PATH` for nfcpy, anything else for PC/SC."""

from __future__ import annotations

from drivers.cards.mynumber.trust import TrustStore
from kiosk.people.tags import CardTagger
from kiosk.ports import CardReader

_NFCPY = "nfcpy:"
_ANY_USB = "usb"


def nfcpy_path(setting: str | None) -> str | None:
    """The device path for nfcpy (any reader on USB where none is given); None: the setting means PC/SC."""
    if setting is None or not setting.startswith(_NFCPY):
        return None
    return setting.removeprefix(_NFCPY) or _ANY_USB


def make_reader(
    setting: str | None, tagger: CardTagger, trust: TrustStore, device_id: str, ward_system: int | None = None
) -> CardReader:
    """The reader of this kiosk, not yet started. Only the library that it needs is loaded.

    `ward_system`: the FeliCa system code of the ward's own cards (only nfcpy can tell systems).
    """
    path = nfcpy_path(setting)
    if path is not None:
        from drivers.cards.readers.nfcpy import NfcpyReader

        return NfcpyReader(tagger, trust, device_id, path=path, ward_system=ward_system)
    from drivers.cards.readers.pcsc import PcscReader

    return PcscReader(tagger, trust, device_id, reader_filter=setting)
