"""What only nfcpy's readers show; what every reader promises is in test_contract."""

from __future__ import annotations

import errno
import logging
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from drivers.cards import technician
from drivers.cards.mynumber.trust import TrustStore
from drivers.cards.readers import nfc_device
from drivers.cards.readers.choice import make_reader
from drivers.cards.readers.nfc_device import exact_paths, load, open_device
from drivers.cards.readers.nfcpy import NfcpyReader
from drivers.cards.readers.watch import ReaderLost
from kiosk.codes import Trouble
from kiosk.people.tags import CardTagger
from kiosk.ports import CardFailed, CardPlaced, CardProblem, CardRemoved, ReaderDown, ReaderUp
from main import main
from tests.drivers.conftest import KEY, NOW, PATIENCE, Desk, Listener
from tests.drivers.media import SYSTEMS, over
from virtual.cards.felica import NTAG, SUICA, ChipCard, FelicaCard, StorageCard
from virtual.cards.isodep import IsoDep
from virtual.cards.udp import Antenna
from virtual.cards.vpcd import OnReader
from virtual.processes import wait_until

IDM = bytes.fromhex("0114B34D5E6F7081")
UID = bytes.fromhex("04A1B2C3D4E5F6")


@contextmanager
def watching(open_exact: Callable[[str], Any], folder: Path, path: str = "tty:none") -> Iterator[Listener]:
    """A reader whose device is opened (or not) by this."""
    listener = Listener()
    trust = TrustStore(folder)
    reader = NfcpyReader(CardTagger(KEY), trust, "kiosk-1", path=path, open_exact=open_exact)
    reader.start(listener.events.put)
    try:
        yield listener
    finally:
        reader.close()


# ---- readers that do not open --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "code", "cure"),
    [
        (errno.EBUSY, Trouble.READER_BUSY, "blacklist port100"),
        (errno.EACCES, Trouble.READER_MISSING, 'ATTRS{idVendor}=="054c"'),
        (errno.ENODEV, Trouble.READER_MISSING, "Plug it in"),
        (errno.EIO, Trouble.READER_MISSING, "tty:none"),
    ],
)
def test_a_reader_that_does_not_open_is_told_with_its_cure(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, number: int, code: Trouble, cure: str
) -> None:
    def refuse(path: str) -> Any:
        raise OSError(number, "refused")

    with caplog.at_level(logging.WARNING), watching(refuse, tmp_path) as listener:
        assert listener.next() == ReaderDown(code)
    assert cure in caplog.text


def test_a_busy_reader_is_taken_as_soon_as_it_is_free(tmp_path: Path, antenna: Antenna) -> None:
    refusals = [OSError(errno.EBUSY, "Device or resource busy"), OSError(errno.ENODEV, "No such device")]

    def refuse_twice(path: str) -> Any:
        if refusals:
            raise refusals.pop(0)
        return load().ContactlessFrontend(path)

    with watching(refuse_twice, tmp_path, antenna.path) as listener:
        assert listener.next() == ReaderDown(Trouble.READER_BUSY)
        assert listener.next() == ReaderDown(Trouble.READER_MISSING)
        assert isinstance(listener.next(), ReaderUp)


def test_every_usb_reader_is_tried_by_its_exact_place() -> None:
    """With half a path nfcpy would not say why a reader did not open."""
    found = [(0x054C, 0x06C3, 1, 7), (0x1D6B, 0x0002, 1, 1), (0x054C, 0x06C1, 2, 11)]
    nfc = SimpleNamespace(clf=SimpleNamespace(
        transport=SimpleNamespace(USB=SimpleNamespace(find=lambda path: found)),
        device=load().clf.device,
    ))  # fmt: skip
    assert exact_paths(nfc, "usb:054c") == ["usb:001:007", "usb:002:011"]
    assert exact_paths(nfc, "udp:localhost:1") == ["udp:localhost:1"]


@pytest.mark.parametrize("path", ["udp:127.0.0.1:nonsense", "gopher"])
def test_a_path_that_means_nothing_is_told(path: str) -> None:
    with pytest.raises(ReaderLost, match=path):
        open_device(path)


def test_without_nfcpy_it_is_told_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nfc", None)
    with pytest.raises(ReaderLost, match="pip install nfcpy"):
        nfc_device.load()


def test_a_kiosk_on_pcsc_does_not_load_nfcpy() -> None:
    code = (
        "import sys; sys.modules['nfc'] = None\n"
        "from drivers.cards import technician\n"
        "from drivers.cards.readers.choice import make_reader\n"
        "from drivers.cards.readers.pcsc import PcscReader\n"
        "assert isinstance(make_reader('RC-S300', None, None, 'k'), PcscReader)\n"
        "assert isinstance(make_reader(None, None, None, 'k'), PcscReader)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("setting", "path"),
    [
        ("nfcpy:usb:054c:06c3", "usb:054c:06c3"),
        ("nfcpy:", "usb"),
        ("nfcpy:udp:localhost:54321", "udp:localhost:54321"),
    ],
)
def test_a_setting_names_the_device(setting: str, path: str, tmp_path: Path) -> None:
    reader = make_reader(setting, CardTagger(KEY), TrustStore(tmp_path), "kiosk-1", 0x8E4B)
    assert isinstance(reader, NfcpyReader)
    assert (reader._path, reader._ward_system) == (path, 0x8E4B)


# ---- cards on the air ----------------------------------------------------------------------------


@over(SYSTEMS)
def test_a_card_with_a_number_of_the_moment_that_was_away_is_another_card(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a power-off only the shortness of the pause says that a My Number card is still the same."""
    placed = desk.lay(desk.card())
    monkeypatch.setattr("drivers.cards.readers.nfcpy._NOBODY_SWAPS_WITHIN", -1.0)
    assert placed.card.pin_tries_left() == 3
    with pytest.raises(CardProblem) as problem:
        placed.card.pin_tries_left()
    assert problem.value.code is Trouble.CARD_REMOVED
    assert desk.listener.wait(CardRemoved)
    monkeypatch.undo()
    assert desk.listener.wait(CardPlaced).card.authenticate("1234", NOW)


@over(SYSTEMS)
def test_the_card_recognised_is_the_only_one_that_is_spoken_to(desk: Desk) -> None:
    """Swapped faster than the field is looked at: the new card was never activated, so it hears nothing."""
    first, second = desk.card(), desk.card()
    placed = desk.lay(first)
    desk.reader._lock.acquire()  # the watch does not look meanwhile
    desk.take()
    desk.put(second)
    desk.reader._lock.release()
    with pytest.raises(CardProblem) as problem:
        placed.card.authenticate("9999", NOW)
    assert problem.value.code is Trouble.CARD_REMOVED
    assert not [line for line in second.log if line.startswith("0020")]
    assert desk.listener.wait(CardRemoved)
    assert desk.listener.wait(CardPlaced)


class Rough:
    """nfcpy's frontend of an antenna, with a chip card on it that does not keep to the block protocol."""

    def __init__(self, path: str, answer: Callable[[bytes], bytes | None]) -> None:
        self._frontend = load().ContactlessFrontend(path)
        self._answer = answer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._frontend, name)

    def exchange(self, data: bytes, timeout: float) -> Any:
        answer = b"pass" if data[0] & 0xF0 == 0xB0 else self._answer(bytes(data))  # R(NAK): who is there?
        if answer is None:
            raise load().clf.TimeoutError("nothing")
        return bytearray(answer) if answer != b"pass" else self._frontend.exchange(data, timeout)


def after_activation(answer: Callable[[bytes], bytes | None]) -> Callable[[bytes], bytes | None]:
    return lambda data: b"pass" if data[0] == 0xE0 else answer(data)


@pytest.mark.parametrize(
    "answer",
    [
        lambda data: None,
        after_activation(lambda data: b"\xf2\x01"),
        after_activation(lambda data: bytes((0x12 | data[0] & 1,)) + b"x"),
        after_activation(lambda data: bytes((0xA2 | ~data[0] & 1,))),
        after_activation(lambda data: b""),
        after_activation(lambda data: bytes((data[0],)) + b"\xff"),
        lambda data: b"\x02\x08",
    ],
    ids=["mute", "waits for ever", "never ends", "never understands", "empty", "nonsense", "short ATS"],
)
def test_a_card_that_does_not_keep_to_the_protocol_is_unreadable_within_seconds(
    tmp_path: Path, antenna: Antenna, answer: Callable[[bytes], bytes | None]
) -> None:
    with (
        OnReader(ChipCard(UID), antenna.card_port) as lying,
        watching(lambda path: Rough(path, answer), tmp_path, antenna.path) as listener,
    ):
        assert listener.wait(CardFailed).code is Trouble.CARD_UNREADABLE
        lying.take_away()
        assert listener.next() == CardRemoved()


@over(SYSTEMS)
def test_no_log_at_any_level_holds_a_pin_or_a_number(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(1):
        desk.lay(FelicaCard(IDM, SUICA))
        desk.lift()
        desk.lay(desk.card()).card.authenticate("1234", NOW)
        desk.lift()
    text = caplog.text.lower()
    for secret in (IDM.hex(), IDM[1:].hex(), b"1234".hex(), "0020008004"):
        assert secret not in text


@pytest.mark.parametrize(
    ("card", "words"),
    [
        (StorageCard(UID, NTAG), ["Type2Tag", "NTAG213", UID.hex().upper()]),
        (FelicaCard(IDM, SUICA), ["Type3Tag", "FeliCa", "SYS=0003", IDM.hex().upper()]),
        (ChipCard(UID), ["Type4ATag", "MIU=253"]),
        (ChipCard(b"\xa1\xb2\xc3\xd4", bytes.fromhex("0000000000818100")), ["Type4BTag", "MIU=253"]),
    ],
    ids=["type-2", "type-3", "type-4a", "type-4b"],
)
def test_nfcpy_itself_knows_the_virtual_cards(antenna: Antenna, card: Any, words: list[str]) -> None:
    """An independent judge of the antenna: its own recognition, not ours."""
    frontend = load().ContactlessFrontend(antenna.path)
    found: list[str] = []
    with OnReader(card, antenna.card_port):
        options = {"on-connect": lambda tag: found.append(str(tag)), "iterations": 1}
        frontend.connect(rdwr=options, terminate=lambda: bool(found))
    frontend.close()
    for word in words:
        assert word in found[0]


# ---- the block protocol of virtual cards ---------------------------------------------------------


def test_long_answers_are_chained_and_said_again_when_asked() -> None:
    answer = bytes(range(256)) * 2 + b"\x90\x00"
    dep = IsoDep(lambda command: answer)
    first = dep.block(b"\x02\x00\xb0\x00\x00\x00")
    assert (first[0], len(first)) == (0x12, 254)
    assert dep.block(b"\xb2") == first, "R(NAK) with the same number: again"
    second = dep.block(b"\xa3")
    assert second[0] == 0x13
    third = dep.block(b"\xa2")
    assert third[0] == 0x02
    assert first[1:] + second[1:] + third[1:] == answer
    assert dep.block(b"\xb3") == b"\xa2", "R(NAK) with the next number: nothing came, I am here"


def test_long_commands_are_collected_and_a_deselected_card_is_halted() -> None:
    heard: list[bytes] = []
    dep = IsoDep(lambda command: (heard.append(command), b"\x90\x00")[1])
    assert dep.block(b"\x12abc") == b"\xa2"
    assert dep.block(b"\x03def") == b"\x03\x90\x00"
    assert heard == [b"abcdef"]
    assert dep.block(b"\xc2") == b"\xc2"
    assert dep.halted


# ---- technicians ---------------------------------------------------------------------------------


def said(capsys: pytest.CaptureFixture[str], *command: str) -> tuple[int, str]:
    code = main(["card", *command])
    return code, capsys.readouterr().out


def felt(reader: str) -> None:
    """Until the card has reached the antenna: it connects in its own time."""
    wait_until(lambda: technician.readers(reader)[0].value == "card", PATIENCE, "the card", lambda: True)


def test_technicians_see_an_nfcpy_reader_too(
    antenna: Antenna, authority: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from virtual.cards.tray import make_mynumber

    authority.save(tmp_path / "trust")
    reader = ("--reader", f"nfcpy:{antenna.path}")
    code, text = said(capsys, "list-readers", *reader)
    assert (code, "empty" in text) == (0, True)
    assert said(capsys, "inspect", *reader)[0] == 1
    card = make_mynumber(authority, NOW)
    with OnReader(card, antenna.card_port):
        felt(reader[1])
        code, text = said(capsys, "inspect", "--trust", str(tmp_path / "trust"), *reader)
    assert code == 0, text
    for words in ("106B", "mynumber", "PIN tries left           3", "good, revocation not checked"):
        assert words in text
    with OnReader(ChipCard(bytes.fromhex("08C0FFEE")), antenna.card_port):
        felt(reader[1])
        code, text = said(capsys, "inspect", *reader)
    assert (code, "never (card-id-changes)" in text) == (1, True)


def test_technicians_are_told_the_cure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def busy(path: str) -> Any:
        raise OSError(errno.EBUSY, "Device or resource busy")

    monkeypatch.setattr(load(), "ContactlessFrontend", busy)
    code, text = said(capsys, "list-readers", "--reader", "nfcpy:udp")
    assert code == 1
    assert "/etc/modprobe.d/blacklist-nfc.conf" in text


def test_watching_gives_the_reader_back_when_it_is_ended(antenna: Antenna) -> None:
    """The card sees the field go off, which nobody does for a process that just dies."""
    card = Powered(UID)
    command = [sys.executable, "-m", "main", "card", "watch", "--reader", f"nfcpy:{antenna.path}"]
    with (
        OnReader(card, antenna.card_port),
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as watch,
    ):
        assert watch.stdout is not None
        assert "ReaderUp" in watch.stdout.readline()
        assert "CardPlaced   type4" in watch.stdout.readline()
        card.off.clear()
        watch.terminate()
        assert watch.wait(10) == 143
        assert card.off.wait(5)


class Powered(ChipCard):
    """A chip card that notes when it loses its power."""

    def __init__(self, uid: bytes) -> None:
        super().__init__(uid)
        self.off = threading.Event()

    def power_off(self) -> None:
        self.off.set()
