"""The desk's page of library cards: stop a lost one, give a printed or digital one, set the library PIN."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from kiosk.clock import local_date
from kiosk.ids import Uuid7Ids
from kiosk.people.decide import LinkCard, StopCard
from kiosk.people.model import CardKey
from kiosk.people.pin_decide import SetLibraryPin
from kiosk.people.pins import LibraryPins, is_pin, too_simple
from kiosk.people.qr import key_id_of, sign_card
from kiosk.people.scanned import ScannedCard
from kiosk.people.tags import CardTagger
from kiosk.ports import CardKind
from kiosk.records import Put
from kiosk.rules import RuleSet, rules_on
from kiosk.state import Query, State
from server.apply.staff import perform_as_staff
from server.desk.drawings import bars, code
from server.desk.patrons import MOST, find_people, person_with_cards
from server.desk.session import Desk, genuine, signed_in, to_login
from server.desk.words import CODES
from server.settings import ServerSettings
from server.store.database import fetch, write_changes

DIGITAL_CARD_LASTS = timedelta(days=365)
NOBODY = "登録のない方です。"
SIMPLE = "4けたの数字で、並びや同じ数字だけでないものにしてください。"
Text = Annotated[str, Form(max_length=200)]


class CardDesk:
    """What staff can do about cards; every act is decided by the rules and written down with their name."""

    def __init__(self, desk: Desk, settings: ServerSettings) -> None:
        self._desk = desk
        self._ids = Uuid7Ids()
        self._tagger = CardTagger(settings.ward_key) if settings.ward_key else None
        self._pins = LibraryPins(settings.ward_key) if settings.ward_key else None
        self._card_key = settings.card_key

    def form(self, request: Request, status: int = 200, **values: Any) -> Response:
        """Ask whom staff look for."""
        values = {"lines": None, "problem": "", "here": "cards"} | values
        return self._desk.page(request, "cards.html", status, **values)

    def show(self, request: Request, patron_id: str, said: str = "", problem: str = "") -> Response:
        """One person and their cards."""
        with self._desk.database.read() as conn:
            found = person_with_cards(conn, patron_id)
        if found is None:
            return self._desk.page(
                request, "cards.html", 404, lines=None, problem="登録のない方です。", here="cards"
            )
        return self._desk.page(
            request, "person.html", found=found, said=said, problem=problem, here="cards",
            can_issue=self._tagger is not None and self._card_key is not None, can_pin=self._pins is not None,
        )  # fmt: skip

    def search(self, request: Request, text: str) -> Response:
        """Whom staff look for; straight to the person where there is only one."""
        with self._desk.database.read() as conn:
            rules = rules_on(local_date(self._desk.now()), fetch(conn, [Query.of(RuleSet, name="ward")]))
            lines = find_people(conn, text, rules.lending.barcodes)
        if len(lines) == 1:
            return RedirectResponse(f"/desk/cards/{lines[0].patron_id}", 303)
        problem = "" if lines else "見つかりません。番号か、お名前の読みの始めを入れてください。"
        if len(lines) > MOST:
            lines, problem = lines[:MOST], f"{MOST}人より多く見つかりました。もう少しくわしく入れてください。"
        return self.form(request, lines=lines, problem=problem)

    def stop(self, request: Request, patron_id: str, tag: str, *, lost: bool) -> Response:
        """End a card."""
        return self._act(
            request, patron_id, StopCard(patron_id=patron_id, tag=tag, lost=lost), "カードを止めました。"
        )

    def set_pin(self, request: Request, patron_id: str, pin: str, again: str) -> Response:
        """Give a new library PIN, typed twice by its owner."""
        if self._pins is None:
            return self.show(request, patron_id, problem="このサーバーには区の鍵がありません。")
        if not is_pin(pin) or too_simple(pin):
            return self.show(
                request, patron_id, problem="4けたの数字で、並びや同じ数字だけでないものにしてください。"
            )
        if pin != again:
            return self.show(request, patron_id, problem="2回の入力が違います。もう一度お願いします。")
        verifier = self._pins.verifier(patron_id, pin)
        return self._act(
            request,
            patron_id,
            SetLibraryPin(patron_id=patron_id, verifier=verifier),
            "暗証番号を設定しました。",
        )

    def issue(self, request: Request, patron_id: str) -> Response:
        """Register the printed card, and show it with its barcode and its signed code, ready for paper."""
        if self._tagger is None or self._card_key is None:
            return self.show(request, patron_id, problem="このサーバーには鍵がありません。")
        with self._desk.database.read() as conn:
            found = person_with_cards(conn, patron_id)
        if found is None:
            return self.show(request, patron_id)
        number = found.person.card_number
        tag = ScannedCard(CardKind.BARCODE, number).tag(self._tagger)
        self._publish_key()
        if tag not in {card.tag for card in found.cards if card.works}:
            refused = self._perform(
                request, patron_id, LinkCard(patron_id=patron_id, tag=tag, card_kind=CardKind.BARCODE.value)
            )
            if refused:
                return self.show(request, patron_id, problem=refused)
        until = self._desk.now() + DIGITAL_CARD_LASTS
        return self._desk.page(
            request, "printed_card.html", person=found.person, until=until.strftime("%Y年%m月%d日"),
            bars=bars(number), code=code(sign_card(number, until, self._card_key)), here="cards",
        )  # fmt: skip

    def _publish_key(self) -> None:
        """Tell the kiosks of the key, once."""
        if self._card_key is None:
            return
        public = self._card_key.public_key()
        known = CardKey(key_id=key_id_of(public), public_key=public.public_bytes_raw().hex(), revoked=False)
        with self._desk.database.write() as conn:
            there = State(fetch(conn, [Query.of(CardKey, key_id=known.key_id)])).get(CardKey, known.key_id)
            if there is None:
                write_changes(conn, [Put(known)])

    def _act(self, request: Request, patron_id: str, command: object, said: str) -> Response:
        refused = self._perform(request, patron_id, command)
        return self.show(request, patron_id, said="" if refused else said, problem=refused)

    def _perform(self, request: Request, patron_id: str, command: object) -> str:
        """Do it; what stood against it in words, or nothing."""
        codes = perform_as_staff(
            self._desk.database, command, staff=request.session["staff"], patron_id=patron_id,
            now=self._desk.now(), ids=self._ids,
        )  # fmt: skip
        return "".join(CODES.get(code.value, "確認してください。") for code in codes)


def make_router(desk: Desk, settings: ServerSettings) -> APIRouter:
    """The routes below `/desk/cards`. Whom staff look for travels in the body: no URL holds a name."""
    router = APIRouter(prefix="/desk/cards", default_response_class=HTMLResponse)
    cards = CardDesk(desk, settings)

    def trusted(request: Request, csrf: str) -> bool:
        return signed_in(request) and genuine(request, csrf)

    @router.get("")
    def form(request: Request) -> Response:
        return (
            desk.page(request, "cards.html", lines=None, problem="", here="cards")
            if signed_in(request)
            else to_login(request)
        )

    @router.post("")
    def search(request: Request, text: Text = "", csrf: Text = "") -> Response:
        return cards.search(request, text) if trusted(request, csrf) else to_login(request)

    @router.get("/{patron_id}")
    def person(request: Request, patron_id: str) -> Response:
        return cards.show(request, patron_id) if signed_in(request) else to_login(request)

    @router.post("/{patron_id}/stop")
    def stop(
        request: Request, patron_id: str, tag: Text, lost: bool = Form(False), csrf: Text = ""
    ) -> Response:
        return cards.stop(request, patron_id, tag, lost=lost) if trusted(request, csrf) else to_login(request)

    @router.post("/{patron_id}/pin")
    def pin(request: Request, patron_id: str, pin: Text, again: Text, csrf: Text = "") -> Response:
        return cards.set_pin(request, patron_id, pin, again) if trusted(request, csrf) else to_login(request)

    @router.post("/{patron_id}/issue")
    def issue(request: Request, patron_id: str, csrf: Text = "") -> Response:
        return cards.issue(request, patron_id) if trusted(request, csrf) else to_login(request)

    return router
