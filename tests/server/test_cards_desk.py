"""Staff and library cards: find a person, stop a card, give one, set the library PIN; and what a kiosk makes of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests
import zxingcpp
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from PIL import Image
from playwright.sync_api import Page
from sqlalchemy import select

from kiosk.clock import DeviceClock
from kiosk.entrance import Entrance
from kiosk.house import House, Place
from kiosk.ids import Uuid7Ids
from kiosk.people.model import CardKey, CardLink, LibraryPin, LinkState
from kiosk.people.pins import LibraryPins
from kiosk.people.scanned import ScannedCard
from kiosk.people.tags import CardTagger
from kiosk.ports import CardKind
from kiosk.state import Query
from kiosk.visit import Visit
from server import cli
from server.settings import KeyProblem, ServerSettings, read_signing_key, read_ward_key
from server.store import tables
from server.store.database import Database
from tests.conftest import HANAKO_TAG, Central, serving
from virtual.ward import DEMO_FACILITY, DEMO_RESIDENT, make_ward, seed_server

WARD_KEY = b"\x07" * 32
PASSWORD = "correct horse"


@dataclass
class Staff:
    """A signed-in member of staff without a browser."""

    central: Central
    session: requests.Session

    def _csrf(self) -> str:
        page = self.session.get(f"{self.central.url}/desk/cards").text
        found = re.search(r'name="csrf" value="([^"]+)"', page)
        assert found
        return found[1]

    def post(self, path: str, **fields: str) -> str:
        answer = self.session.post(f"{self.central.url}{path}", {"csrf": self._csrf()} | fields, timeout=20)
        assert answer.ok, answer.status_code
        return answer.text


@pytest.fixture
def desk(database_url: str) -> Iterator[Central]:
    ward = make_ward(now=datetime.now(UTC), patrons=60, items=100)
    ward.give_card(HANAKO_TAG)
    cli.migrate(database_url)
    seed_server(database_url, ward)
    settings = ServerSettings(database_url, ward_key=WARD_KEY, card_key=Ed25519PrivateKey.generate())
    server, thread, url = serving(settings)
    yield Central(url, database_url, Database(database_url), ward)
    server.should_exit = True
    thread.join()


@pytest.fixture
def staff(desk: Central) -> Staff:
    cli.add_staff(desk.database_url, "saito", PASSWORD)
    session = requests.Session()
    page = session.get(f"{desk.url}/desk/login").text
    csrf = re.search(r'name="csrf" value="([^"]+)"', page)
    assert csrf
    session.post(f"{desk.url}/desk/login", {"name": "saito", "password": PASSWORD, "csrf": csrf[1]})
    return Staff(desk, session)


def here(kiosk: object, kind: type, *key: str) -> object:
    query = Query.of(
        kind, **dict(zip({CardLink: ("tag",), LibraryPin: ("patron_id",)}[kind], key, strict=True))
    )
    return kiosk.ledger.state(query).get(kind, *key)  # type: ignore[attr-defined]


def test_a_lost_card_is_stopped_at_the_desk_and_at_every_kiosk(
    desk: Central, staff: Staff, tmp_path: Path
) -> None:
    kiosk = desk.kiosk(tmp_path / "k")
    assert kiosk.sync()
    number = desk.ward.card_number(DEMO_RESIDENT)
    page = staff.post("/desk/cards", text=f"A{number}A")
    assert "練馬 花子 さんのカード" in page
    page = staff.post(f"/desk/cards/{DEMO_RESIDENT}/stop", tag=HANAKO_TAG, lost="true")
    assert "カードを止めました" in page
    assert "紛失の届けが出ています" in page
    assert kiosk.sync()
    link = here(kiosk, CardLink, HANAKO_TAG)
    assert isinstance(link, CardLink)
    assert link.state is LinkState.LOST
    with desk.database.read() as conn:
        (act,) = conn.execute(select(tables.staff_act)).all()
    assert (act.staff, act.kind, act.patron_id) == ("saito", "stop_card", DEMO_RESIDENT)
    assert "この方のカードではない" in staff.post("/desk/cards/p00001/stop", tag=HANAKO_TAG, lost="true")


def test_a_printed_card_works_at_once_and_can_be_read_back(
    desk: Central, staff: Staff, tmp_path: Path
) -> None:
    page = staff.post(f"/desk/cards/{DEMO_RESIDENT}/issue")
    assert page.count("<svg") == 2
    kiosk = desk.kiosk(tmp_path / "k")
    assert kiosk.sync()
    number = desk.ward.card_number(DEMO_RESIDENT)
    tag = ScannedCard(CardKind.BARCODE, number).tag(CardTagger(WARD_KEY))
    link = here(kiosk, CardLink, tag)
    assert isinstance(link, CardLink)
    assert (link.state, link.patron_id) == (LinkState.ACTIVE, DEMO_RESIDENT)
    assert len(kiosk.ledger.all(CardKey)) == 1
    staff.post(f"/desk/cards/{DEMO_RESIDENT}/issue")
    with desk.database.read() as conn:
        assert len(conn.execute(select(tables.staff_act)).all()) == 1, "printed again, linked once"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_the_desk_prints_is_read_by_a_scanner_and_opens_a_visit(
    desk: Central, staff: Staff, page: Page, tmp_path: Path
) -> None:
    """Drawn by a browser, read from its picture, shown to a kiosk: bars and code alike."""
    cookie = staff.session.cookies.get("machikado_desk")
    assert cookie
    page.context.add_cookies([{"name": "machikado_desk", "value": cookie, "url": desk.url}])
    page.goto(f"{desk.url}/desk/cards/{DEMO_RESIDENT}")
    page.get_by_role("button", name="カードを出す").click()
    page.locator(".printed-card").screenshot(path=str(tmp_path / "card.png"))
    with Image.open(tmp_path / "card.png") as picture:
        read = {found.format: found.text for found in zxingcpp.read_barcodes(picture)}
    assert set(read) == {zxingcpp.BarcodeFormat.Codabar, zxingcpp.BarcodeFormat.QRCode}
    kiosk = desk.kiosk(tmp_path / "k")
    assert kiosk.sync()
    place, clock = Place("kiosk-1", DEMO_FACILITY), DeviceClock()
    house = House(kiosk.ledger, clock, Uuid7Ids(), place, CardTagger(WARD_KEY), LibraryPins(WARD_KEY))
    entrance = Entrance(house)
    for text in read.values():
        visit = entrance.scanned(text, None)
        assert isinstance(visit, Visit)
        assert visit.patron.patron_id == DEMO_RESIDENT


def test_a_library_pin_is_set_at_the_desk(desk: Central, staff: Staff, tmp_path: Path) -> None:
    path = f"/desk/cards/{DEMO_RESIDENT}/pin"
    assert "並びや同じ数字" in staff.post(path, pin="1234", again="1234")
    assert "2回の入力が違います" in staff.post(path, pin="8620", again="8621")
    assert "暗証番号を設定しました" in staff.post(path, pin="8620", again="8620")
    kiosk = desk.kiosk(tmp_path / "k")
    assert kiosk.sync()
    kept = here(kiosk, LibraryPin, DEMO_RESIDENT)
    assert isinstance(kept, LibraryPin)
    assert LibraryPins(WARD_KEY).matches(DEMO_RESIDENT, "8620", kept.verifier)


def test_looking_for_people(desk: Central, staff: Staff) -> None:
    assert "練馬 花子" in staff.post("/desk/cards", text="練馬花")
    assert "見つかりません" in staff.post("/desk/cards", text="%")
    assert "見つかりません" in staff.post("/desk/cards", text="99999999")
    assert "登録のない方です" in staff.session.get(f"{desk.url}/desk/cards/nobody").text


def test_nobody_does_anything_without_signing_in_or_from_elsewhere(desk: Central, staff: Staff) -> None:
    stranger = requests.Session()
    for path in ("", f"/{DEMO_RESIDENT}"):
        assert stranger.get(f"{desk.url}/desk/cards{path}").url.endswith("/desk/login")
    for path, fields in (("", {"text": "練馬"}), (f"/{DEMO_RESIDENT}/stop", {"tag": HANAKO_TAG}),
                         (f"/{DEMO_RESIDENT}/pin", {"pin": "8620", "again": "8620"}), (f"/{DEMO_RESIDENT}/issue", {})):  # fmt: skip
        assert stranger.post(f"{desk.url}/desk/cards{path}", fields).url.endswith("/desk/login")
        forged = staff.session.post(f"{desk.url}/desk/cards{path}", fields | {"csrf": "x"})
        assert forged.url.endswith("/desk/login")
    with desk.database.read() as conn:
        assert conn.execute(select(tables.staff_act)).all() == []


def test_a_server_without_keys_says_so(central: Central) -> None:
    cli.add_staff(central.database_url, "saito", PASSWORD)
    session = requests.Session()
    csrf = re.search(r'name="csrf" value="([^"]+)"', session.get(f"{central.url}/desk/login").text)
    assert csrf
    session.post(f"{central.url}/desk/login", {"name": "saito", "password": PASSWORD, "csrf": csrf[1]})
    assert "区の鍵がない" in session.get(f"{central.url}/desk/cards/{DEMO_RESIDENT}").text
    page = Staff(central, session).post(f"/desk/cards/{DEMO_RESIDENT}/pin", pin="8620", again="8620")
    assert "区の鍵がありません" in page


def test_key_files(tmp_path: Path) -> None:
    (tmp_path / "ward").write_text("07" * 32)
    assert read_ward_key(tmp_path / "ward") == WARD_KEY
    for text in ("07" * 31, "not hexadecimal", ""):
        (tmp_path / "ward").write_text(text)
        with pytest.raises(KeyProblem):
            read_ward_key(tmp_path / "ward")
    with pytest.raises(KeyProblem):
        read_ward_key(tmp_path / "missing")
    made = read_signing_key(tmp_path / "card")
    assert read_signing_key(tmp_path / "card").private_bytes_raw() == made.private_bytes_raw()
    assert (tmp_path / "card").stat().st_mode & 0o077 == 0
    (tmp_path / "card").write_text("nothing")
    with pytest.raises(KeyProblem):
        read_signing_key(tmp_path / "card")
