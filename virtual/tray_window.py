"""The tray as a window: cards to tap, books to scan, and a network to cut."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from kiosk.lending.model import Item
from ui.settings import UiSettings, configure_kivy
from ui.theme import COLOURS
from virtual.bench import Bench
from virtual.proxy import Weather
from virtual.ward import DEMO_RESIDENT

WIDTH, HEIGHT = 560, 900
CARD_NAMES = {
    "library": "図書館の利用カード",
    "mynumber": "マイナンバー　番号1234",
    "unknown": "登録のないカード",
    "tag": "登録のないNFCタグ",
    "phone": "毎回番号のかわるスマホ",
    "android": "Androidの電子証明書",
    "iphone": "iPhoneの電子証明書",
    "old-resident-card": "昔の住基カード",
    "minor": "こどものカード",
    "no-certificate": "証明書のないカード",
    "no-pin": "暗証番号のないカード",
    "other-pin": "番号が1234でないカード",
    "last-try": "あと1回のカード",
    "expired": "期限の切れた証明書",
    "not-yet-valid": "まだ有効でない証明書",
    "revoked": "失効した証明書",
    "foreign-authority": "知らない発行者の証明書",
    "torn": "途中で離れるカード",
    "garbage": "こわれたカード",
    "slow": "答えのおそいカード",
    "split-answers": "答えを分けるカード",
    "wrong-length": "長さを言いなおすカード",
    "first-6f00": "はじめの命令を断るカード",
}
WEATHER_NAMES = {
    Weather.FINE: "ネットワークあり",
    Weather.CUT: "ネットワークなし",
    Weather.HALF: "答えが半分で切れる",
    Weather.GARBAGE: "知らない答えが返る",
    Weather.DEAF: "答えが届かない",
}


def run_tray(bench: Bench) -> None:
    """Show the tray until it is closed."""
    configure_kivy(UiSettings(width=WIDTH, height=HEIGHT, left=bench.screen.width + 10))
    _tray_app(bench).run()


def _tray_app(bench: Bench) -> Any:
    from kivy.app import App
    from kivy.core.window import Window
    from kivy.uix.boxlayout import BoxLayout
    from kivy.uix.gridlayout import GridLayout
    from kivy.uix.togglebutton import ToggleButton

    from ui.fonts import face

    font = str(face())
    Window.clearcolor = COLOURS["ground"]

    def button(text: str, act: Callable[..., None], group: str, *, down: bool = False) -> Any:
        made = ToggleButton(
            text=text, group=group, font_name=font, font_size=17, background_normal="", background_down="",
            state="down" if down else "normal", size_hint_y=None, height=34,
            allow_no_selection=group != "weather",
        )  # fmt: skip

        def paint(*_args: object) -> None:
            chosen = made.state == "down"
            made.background_color = COLOURS["primary" if chosen else "surface"]
            made.color = COLOURS["on_primary" if chosen else "ink"]

        made.bind(state=paint, on_release=act)
        paint()
        return made

    def lay(name: str, pressed: Any) -> None:
        if pressed.state == "down":
            bench.tray.lay_down(name)
        else:
            bench.tray.take_up()

    def weather(value: Weather, _pressed: Any) -> None:
        bench.network.weather = value

    def scan(number: str, pressed: Any) -> None:
        bench.scanner.scan(number)
        pressed.state = "normal"

    class TrayApp(App):  # type: ignore[misc]
        title = "まちかど — カードと本"

        def build(self) -> Any:
            root = BoxLayout(orientation="vertical", padding=12, spacing=5)
            cards = GridLayout(cols=2, spacing=5, size_hint_y=None)
            cards.bind(minimum_height=cards.setter("height"))
            for name, text in CARD_NAMES.items():
                cards.add_widget(button(text, partial(lay, name), "cards"))
            root.add_widget(cards)
            number = bench.ward.card_number(DEMO_RESIDENT)
            root.add_widget(button("利用カードのバーコードをかざす", partial(scan, number), "books"))
            for number, title in _books(bench):
                root.add_widget(button(f"本をかざす：{title}", partial(scan, number), "books"))
            root.add_widget(button("本をかざす：表紙のISBN", partial(scan, "9784003101018"), "books"))
            for value, text in WEATHER_NAMES.items():
                down = value is bench.network.weather
                root.add_widget(button(text, partial(weather, value), "weather", down=down))
            return root

    return TrayApp()


def _books(bench: Bench) -> list[tuple[str, str]]:
    numbers = bench.ward.free_items(3)
    titles = {item.item_id: item.title for item in bench.ward.records if isinstance(item, Item)}
    return [(number, titles[number]) for number in numbers]
