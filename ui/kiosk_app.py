"""The Kivy application: takes views from any thread, draws them, sends intents back.

Imported by `ui.app` only after Kivy is configured.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from kivy.app import App
from kivy.base import ExceptionManager
from kivy.clock import Clock
from kivy.core.window import Window
from kivy.lang import Builder
from kivy.properties import ListProperty, NumericProperty, ObjectProperty, StringProperty
from kivy.uix.boxlayout import BoxLayout

from kiosk.codes import Trouble
from kiosk.views import (
    Attract,
    Borrowing,
    Cards,
    ChooseRoom,
    ConfirmRoom,
    ConfirmStop,
    Finish,
    GoBack,
    GoHome,
    Goodbye,
    Home,
    Intent,
    PinEntry,
    Place,
    PlaceCardToLink,
    Problem,
    Receipt,
    Returning,
    Status,
    StayHere,
    View,
)
from ui.automation import Automation
from ui.failure import CalmFailure
from ui.fonts import face
from ui.i18n import Words
from ui.screens import messages
from ui.screens.attract import AttractPage
from ui.screens.cards import CardsPage, ConfirmStopPage
from ui.screens.home import HomePage
from ui.screens.page import Page
from ui.screens.pin import PinPage
from ui.screens.place_card import PlaceCardPage
from ui.screens.receipt import ReceiptPage
from ui.screens.rooms import ChooseRoomPage, ConfirmPage
from ui.screens.scanning import BorrowPage, ReturnPage
from ui.settings import UiSettings
from ui.theme import Theme
from ui.touch import Patience, TouchGuard
from ui.widgets import text
from ui.widgets.frame import Footer, Header, StaffOverlay

LAYOUT_ROUNDS = 100
"""How often layouts may settle before a frame is drawn: nobody sees a half-made screen."""
SIGN_OF_LIFE_SECONDS = 5.0
"""At most this often a touch that means nothing to the domain tells it that somebody is here."""
_HERE = Path(__file__).parent
_KV = (
    "widgets/widgets.kv", "widgets/frame.kv", "screens/attract.kv", "screens/messages.kv", "screens/pin.kv",
    "screens/home.kv", "screens/scanning.kv", "screens/rooms.kv", "screens/place_card.kv",
    "screens/receipt.kv", "screens/cards.kv",
)  # fmt: skip
_PAGES: dict[type[Any], type[Page]] = {
    Attract: AttractPage, Home: HomePage, PinEntry: PinPage, Borrowing: BorrowPage, Returning: ReturnPage,
    ChooseRoom: ChooseRoomPage, ConfirmRoom: ConfirmPage, PlaceCardToLink: PlaceCardPage,
    Cards: CardsPage, ConfirmStop: ConfirmStopPage, Receipt: ReceiptPage, **messages.PAGES,
}  # fmt: skip


@cache
def _load_kv() -> None:
    """Once a process: rules loaded twice make every widget twice."""
    for name in _KV:
        Builder.load_file(str(_HERE / name))


class KioskApp(App):  # type: ignore[misc]
    """Draws one view at a time. `post` may be called from any thread, everything else is Kivy's thread."""

    language = StringProperty("")
    languages = ListProperty([])
    page = ObjectProperty(None, allownone=True)
    line_px = NumericProperty(2)

    def __init__(
        self,
        send: Callable[[Intent], None],
        *,
        settings: UiSettings,
        on_shown: Callable[[View], None] | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.words = Words(settings.languages[0])
        super().__init__(language=settings.languages[0], languages=list(settings.languages))
        self.theme = Theme.of_panel(settings.width, settings.height, settings.screen_diagonal_mm)
        self.line_px = max(1, round(self.theme.mm(0.35)))
        self.font, self.font_bold = str(face()), str(face(bold=True))
        self.place = Place("", "", "")
        self.view: View | None = None
        self.shown = 0
        self._settings = settings
        self._send = send
        self._on_shown = on_shown
        self.now = now
        self._inbox: queue.SimpleQueue[View | Status] = queue.SimpleQueue()
        self._pages: dict[type[Any], Page] = {}
        self._status: Status | None = None
        self._undrawn: View | None = None
        self._failed = False
        self.guard = TouchGuard(self.theme.px_per_mm)
        self._sign_of_life = Patience(SIGN_OF_LIFE_SECONDS)
        self._drain_soon = Clock.create_trigger(self._drain, -1)
        self._failure = CalmFailure(self._calm)
        self._beats: list[Any] = []
        self._automation: Automation | None = None

    # ---- life ---------------------------------------------------------------------------------

    def build(self) -> BoxLayout:
        _load_kv()
        Window.clearcolor = self.theme.colour("ground")
        root = BoxLayout(orientation="vertical")
        self.header, self.body, self.footer = Header(), BoxLayout(), Footer()
        for part in (self.header, self.body, self.footer):
            root.add_widget(part)
        self._overlay = StaffOverlay()
        Window.bind(on_flip=self._flipped, on_touch_down=self._before_touch)
        return root

    def on_start(self) -> None:
        Clock.max_iteration = LAYOUT_ROUNDS
        ExceptionManager.add_handler(self._failure)
        self._beats = [
            Clock.schedule_interval(self._drain, 0.1),  # in case a trigger was ever lost
            Clock.schedule_interval(self._show_header, 1),
        ]
        self._show_header()
        if self._settings.automation is not None:
            self._automation = Automation(self, self._settings.automation)

    def on_stop(self) -> None:
        for beat in self._beats:
            beat.cancel()
        if self._automation is not None:
            self._automation.close()
        Window.unbind(on_flip=self._flipped, on_touch_down=self._before_touch)
        ExceptionManager.remove_handler(self._failure)

    def open_settings(self, *_args: object) -> None:
        """Kivy's own settings panel (F1) has no place on a kiosk."""

    # ---- views in -----------------------------------------------------------------------------

    def post(self, news: View | Status) -> None:
        """Show this as soon as possible. From any thread."""
        self._inbox.put(news)
        self._drain_soon()

    def _drain(self, _dt: float = 0) -> None:
        while not self._inbox.empty():
            news = self._inbox.get()
            if isinstance(news, Status):
                self._status = news
                self._show_header()
            else:
                self._failed = False
                self._show(news)

    def _show(self, view: View) -> None:
        if isinstance(view, Attract):
            self.place = view.facility
            self.language = self.languages[0]
            self._sign_of_life.reset()
        if isinstance(view, (Attract, Goodbye)):
            self._forget()
        self.view = view
        page = self._page_of(view)
        if page is not self.page:
            self.close_overlay()
            if self.page is not None:
                self.page.clear()
            self.body.clear_widgets()
            self.page = page
            self.body.add_widget(page)
            self.guard.new_screen(time.monotonic())
        page.show(view)
        self.footer.show(page)
        self.shown += 1
        self._undrawn = view
        self._show_header()

    def _page_of(self, view: View) -> Page:
        """Every page is made once, at first use, and kept."""
        kind = type(view)
        if kind not in self._pages:
            self._pages[kind] = _PAGES[kind]()
        return self._pages[kind]

    def _forget(self) -> None:
        """Nothing of one visit may be seen by the next: not in a page, not in a cache of laid-out text."""
        for page in self._pages.values():
            page.clear()
        text.forget()

    def _flipped(self, *_args: object) -> None:
        if self._undrawn is not None:
            view, self._undrawn = self._undrawn, None
            if self._on_shown is not None:
                self._on_shown(view)

    @property
    def settled(self) -> bool:
        """Whether the last view posted has been drawn."""
        return self._undrawn is None

    def on_language(self, *_args: object) -> None:
        self.words = Words(self.language)
        if self.page is not None and self.view is not None:
            self.page.show(self.view)
            self._show_header()

    def t(self, key: str, language: str) -> str:
        """The words for a key; kv passes the language so that it re-reads when that changes."""
        return Words(language)(key)

    def _show_header(self, _dt: float = 0) -> None:
        self.header.show(self.words, self.place, self._status, self.now())

    def _calm(self) -> bool:
        """A callback failed: say so calmly. False where that was tried already, and failed as well."""
        if self._failed:
            return False
        self._failed = True
        Clock.schedule_once(lambda _dt: self._show(Problem(Trouble.INTERNAL, back=False)), -1)
        return True

    # ---- intents out --------------------------------------------------------------------------

    def send(self, intent: Intent) -> None:
        """Tell the domain. After a fault of the screen every touch ends the visit: no page is trusted."""
        self._send(Finish() if self._failed else intent)

    def still_here(self) -> None:
        """A touch the domain need not understand (a digit, a page, a language): somebody is here."""
        in_use = self.view is not None and not isinstance(self.view, (Attract, Goodbye))
        if in_use and self._sign_of_life.over(time.monotonic()):
            self._send(StayHere())

    def go_back(self) -> None:
        self.send(GoBack())

    def go_home(self) -> None:
        self.send(GoHome())

    def finish(self) -> None:
        self.send(Finish())

    def speak(self, language: str) -> None:
        """Change the language, on any screen, with one touch."""
        self.language = language
        self.still_here()

    def call_staff(self) -> None:
        if self._overlay.parent is None:
            Window.add_widget(self._overlay)
        self.still_here()

    def close_overlay(self) -> None:
        if self._overlay.parent is not None:
            Window.remove_widget(self._overlay)

    def _before_touch(self, _window: object, touch: Any) -> bool:
        """True (and nothing more happens) for a touch that was not meant."""
        return not self.guard.touched(time.monotonic(), touch.x, touch.y)
