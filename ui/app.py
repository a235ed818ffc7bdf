"""The Kivy application: takes views from any thread, draws them, sends intents back."""

from __future__ import annotations

import logging
import queue
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kiosk.codes import Trouble
from kiosk.views import (
    Attract,
    Borrowing,
    ChooseRoom,
    ConfirmRoom,
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
    View,
)  # fmt: skip
from ui.fonts import face
from ui.i18n import LANGUAGES, Words
from ui.settings import UiSettings, configure_kivy
from ui.theme import Theme

if TYPE_CHECKING:
    from ui.screens.page import Page

log = logging.getLogger(__name__)

DOUBLE_TAP_SECONDS = 0.08
DOUBLE_TAP_MM = 5.0
"""A second touch so soon and so near is the panel bouncing, not a person (see `KioskWindow`)."""
LAYOUT_ROUNDS = 100
"""How often layouts may settle before a frame is drawn: nobody sees a half-made screen."""
_HERE = Path(__file__).parent
_KV = (
    "widgets/widgets.kv", "widgets/frame.kv", "screens/attract.kv", "screens/messages.kv", "screens/pin.kv",
    "screens/home.kv", "screens/scanning.kv", "screens/rooms.kv", "screens/place_card.kv",
    "screens/receipt.kv",
)  # fmt: skip


def make_app(
    send: Callable[[Intent], None], settings: UiSettings, on_shown: Callable[[View], None] | None = None
) -> Any:
    """The application; Kivy is configured and imported here, not before.

    `send` must return at once. `on_shown` is called after the first frame that really shows a view.
    """
    configure_kivy(settings)
    return _app_class()(send, settings, on_shown)


def _app_class() -> Any:
    from kivy.app import App
    from kivy.base import ExceptionHandler, ExceptionManager
    from kivy.clock import Clock
    from kivy.core.window import Window
    from kivy.lang import Builder
    from kivy.properties import NumericProperty, ObjectProperty, StringProperty
    from kivy.uix.boxlayout import BoxLayout

    from ui.screens import messages
    from ui.screens.attract import AttractPage
    from ui.screens.home import HomePage
    from ui.screens.pin import PinPage
    from ui.screens.place_card import PlaceCardPage
    from ui.screens.receipt import ReceiptPage
    from ui.screens.rooms import ChooseRoomPage, ConfirmPage
    from ui.screens.scanning import BorrowPage, ReturnPage
    from ui.widgets import text
    from ui.widgets.frame import Footer, Header, StaffOverlay

    pages: dict[type[Any], Any] = {
        Attract: AttractPage, Home: HomePage, PinEntry: PinPage, Borrowing: BorrowPage, Returning: ReturnPage,
        ChooseRoom: ChooseRoomPage, ConfirmRoom: ConfirmPage, PlaceCardToLink: PlaceCardPage,
        Receipt: ReceiptPage, **messages.PAGES,
    }  # fmt: skip

    class CalmFailure(ExceptionHandler):  # type: ignore[misc]
        """Whatever breaks in a callback: the log gets it, the resident gets a calm sentence."""

        def handle_exception(self, inst: BaseException) -> Any:
            if isinstance(inst, (KeyboardInterrupt, SystemExit)):
                return ExceptionManager.RAISE
            log.error("internal", exc_info=inst)
            App.get_running_app().post(Problem(Trouble.INTERNAL, back=False))
            return ExceptionManager.PASS

    class KioskApp(App):  # type: ignore[misc]
        """Draws one view at a time. `post` may be called from any thread."""

        language = StringProperty(LANGUAGES[0])
        page = ObjectProperty(None, allownone=True)
        line_px = NumericProperty(2)

        def __init__(
            self, send: Callable[[Intent], None], settings: UiSettings,
            on_shown: Callable[[View], None] | None,
        ) -> None:  # fmt: skip
            super().__init__()
            self.theme = Theme.of_panel(settings.width, settings.height, settings.screen_diagonal_mm)
            self.line_px = max(1, round(self.theme.mm(0.35)))
            self.font, self.font_bold = str(face()), str(face(bold=True))
            self.words = Words(self.language)
            self.place = Place("", "", "")
            self.view: View | None = None
            self.shown = 0
            self._settings = settings
            self._send = send
            self._on_shown = on_shown
            self._inbox: queue.SimpleQueue[View | Status] = queue.SimpleQueue()
            self._pages: dict[type[Any], Page] = {}
            self._status: Status | None = None
            self._undrawn: View | None = None
            self._last_touch = (0.0, 0.0, 0.0)
            self._drain_soon = Clock.create_trigger(self._drain, -1)
            self._automation: Any = None

        # ---- life -----------------------------------------------------------------------------

        def build(self) -> Any:
            for name in _KV:
                Builder.load_file(str(_HERE / name))
            Window.clearcolor = self.theme.colour("ground")
            root = BoxLayout(orientation="vertical")
            self.header, self.body, self.footer = Header(), BoxLayout(), Footer()
            for part in (self.header, self.body, self.footer):
                root.add_widget(part)
            self._overlay = StaffOverlay()
            Window.bind(on_flip=self._flipped, on_touch_down=self._bounced)
            return root

        def on_start(self) -> None:
            Clock.max_iteration = LAYOUT_ROUNDS
            ExceptionManager.add_handler(CalmFailure())
            Clock.schedule_interval(self._drain, 0.1)  # in case a trigger was ever lost
            Clock.schedule_interval(lambda _dt: self._show_header(), 1)
            self._show_header()
            if self._settings.automation is not None:
                from ui.automation import Automation

                self._automation = Automation(self, self._settings.automation)

        def on_stop(self) -> None:
            if self._automation is not None:
                self._automation.close()
            Window.unbind(on_flip=self._flipped, on_touch_down=self._bounced)

        def open_settings(self, *_args: object) -> None:
            """Kivy's own settings panel (F1) has no place on a kiosk."""

        # ---- views in -------------------------------------------------------------------------

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
                    self._show(news)

        def _show(self, view: View) -> None:
            if isinstance(view, Attract):
                self.place = view.facility
                self.language = LANGUAGES[0]
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
            page.show(view)
            self.footer.can_back, self.footer.can_home = page.can_back, page.can_home
            self.footer.can_finish = page.can_finish
            self.shown += 1
            self._undrawn = view
            self._show_header()

        def _page_of(self, view: View) -> Page:
            kind = type(view)
            if kind not in self._pages:
                self._pages[kind] = pages[kind]()
            return self._pages[kind]

        def _forget(self) -> None:
            """Nothing of one visit may be seen by the next."""
            for page in self._pages.values():
                page.clear()
            text.phrases.cache_clear()
            text._width.cache_clear()

        def _flipped(self, *_args: object) -> None:
            if self._undrawn is not None:
                view, self._undrawn = self._undrawn, None
                if self._on_shown is not None:
                    self._on_shown(view)

        def on_language(self, *_args: object) -> None:
            self.words = Words(self.language)
            if self.page is not None and self.view is not None:
                self.page.show(self.view)
            self._show_header()

        def t(self, key: str, language: str) -> str:
            """The words for a key; kv passes the language so that it re-reads when that changes."""
            return Words(language)(key)

        # ---- header ---------------------------------------------------------------------------

        def _show_header(self) -> None:
            now = datetime.now(UTC)
            self.header.clock = self.words.clock(now)
            self.header.place = self.words.place(self.place)
            if self._status is not None:
                self.header.state = self._state_words(self._status)
                self.header.offline = not self._status.online

        def _state_words(self, status: Status) -> str:
            words = self.words
            if not status.online:
                since = words.clock(status.offline_since) if status.offline_since else "—"
                return words("status.offline", time=since, n=status.queued)
            if status.rescued:
                return words("status.rescued")
            return words("status.sending", n=status.queued) if status.queued else words("status.online")

        # ---- intents out ----------------------------------------------------------------------

        def send(self, intent: Intent) -> None:
            self._send(intent)

        def go_back(self) -> None:
            self._send(GoBack())

        def go_home(self) -> None:
            self._send(GoHome())

        def finish(self) -> None:
            self._send(Finish())

        def call_staff(self) -> None:
            if self._overlay.parent is None:
                Window.add_widget(self._overlay)

        def close_overlay(self) -> None:
            if self._overlay.parent is not None:
                Window.remove_widget(self._overlay)

        def _bounced(self, _window: object, touch: Any) -> bool:
            """True (and nothing more happens) for a touch that is the echo of the one before."""
            now = time.monotonic()
            before, x, y = self._last_touch
            near = abs(touch.x - x) + abs(touch.y - y) <= self.theme.mm(DOUBLE_TAP_MM)
            if now - before < DOUBLE_TAP_SECONDS and near:
                return True
            self._last_touch = (now, touch.x, touch.y)
            return False

    return KioskApp
