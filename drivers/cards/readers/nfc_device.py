"""Opening a reader through nfcpy, and what to do when it does not open.

nfcpy (EUPL) is an optional part, imported here and not before: a kiosk on PC/SC never loads it.
"""

from __future__ import annotations

import errno
import importlib
import logging
from collections.abc import Callable
from typing import Any

from drivers.cards.readers.watch import ReaderLost
from kiosk.codes import Trouble

CURE_BUSY = (
    "held by the kernel or another program. Cure: write 'blacklist port100', 'blacklist pn533_usb', "
    "'blacklist pn533' and 'blacklist nfc', a line each, into /etc/modprobe.d/blacklist-nfc.conf and run "
    "'modprobe -r port100 pn533_usb', or start the machine anew; a reader that pcscd serves is reached "
    "through PC/SC only"
)
CURE_ACCESS = (
    'no permission. Cure: write \'SUBSYSTEM=="usb", ACTION=="add", ATTRS{idVendor}=="054c", '
    'ATTRS{idProduct}=="06c1", GROUP="plugdev"\' and the same with 06c3 into '
    "/etc/udev/rules.d/60-nfc.rules, add the kiosk's user to plugdev, run 'udevadm control --reload' and "
    "plug the reader in again"
)
CURE_MISSING = "not found. Plug it in; RC-S300 and other CCID readers are reached through PC/SC, not nfcpy"
CURE_INSTALL = "nfcpy does not load. Cure: pip install nfcpy==1.0.4, and libusb-1.0-0 by apt"
Open = Callable[[str], Any]
"""Opens a device by its exact path, as nfc.ContactlessFrontend does. Raises OSError."""


def load() -> Any:
    """The package nfc with all we use of it. Raises ReaderLost."""
    try:
        nfc = importlib.import_module("nfc")
        for part in ("nfc.clf", "nfc.clf.device", "nfc.clf.transport", "nfc.tag", "nfc.tag.tt4"):
            importlib.import_module(part)
    except (ImportError, OSError) as error:  # OSError: libusb itself is missing
        raise ReaderLost(Trouble.READER_MISSING, f"{CURE_INSTALL} ({error})") from error
    # its lower levels write down every frame, and PINs are in frames; what fails is told by us
    logging.getLogger("nfc").setLevel(logging.CRITICAL)
    return nfc


def open_device(path: str, open_exact: Open | None = None) -> Any:
    """nfcpy's frontend of the first reader on `path` that opens. Raises ReaderLost, the cure in its text."""
    nfc = load()
    refusal: OSError | None = None
    for exact in exact_paths(nfc, path):
        try:
            return (open_exact or nfc.ContactlessFrontend)(exact)
        except OSError as error:
            refusal = error
        except ValueError as error:
            raise ReaderLost(Trouble.READER_MISSING, f"{path}: no path that nfcpy knows") from error
    raise ReaderLost(*explained(path, refusal)) from refusal


def exact_paths(nfc: Any, path: str) -> list[str]:
    """Every device that a path means: nfcpy says why one did not open only where the path is exact."""
    if not path.startswith("usb"):
        return [path]
    found = nfc.clf.transport.USB.find(path) or []
    known = nfc.clf.device.usb_device_map
    return [f"usb:{bus:03}:{address:03}" for vid, pid, bus, address in found if (vid, pid) in known]


def explained(path: str, refusal: OSError | None) -> tuple[Trouble, str]:
    """What to tell a resident, and what to tell a technician."""
    number = refusal.errno if refusal is not None else errno.ENODEV
    if number == errno.EBUSY:
        return Trouble.READER_BUSY, f"{path}: {CURE_BUSY}"
    if number in (errno.EACCES, errno.EPERM):
        return Trouble.READER_MISSING, f"{path}: {CURE_ACCESS}"
    if number == errno.ENODEV:
        return Trouble.READER_MISSING, f"{path}: {CURE_MISSING}"
    return Trouble.READER_MISSING, f"{path}: {refusal}"
