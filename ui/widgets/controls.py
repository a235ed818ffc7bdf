"""Buttons and panels. Every control has a `test_id` that does not depend on the language."""

from __future__ import annotations

from kivy.properties import BooleanProperty, ListProperty, StringProperty
from kivy.uix.behaviors import ButtonBehavior
from kivy.uix.boxlayout import BoxLayout


class Panel(BoxLayout):
    """A rounded surface; `role` and `edge_role` are colour roles of the theme."""

    role = StringProperty("surface")
    edge_role = StringProperty("")


class Touch(ButtonBehavior, Panel):
    """Anything that can be touched. It answers on release, and shows at once that it was pressed."""

    test_id = StringProperty("")
    enabled = BooleanProperty(True)


class KioskButton(Touch):
    """A button with words. `kind` is primary, secondary or quiet; `hint` is a smaller second line."""

    say = StringProperty("")
    hint = StringProperty("")
    kind = StringProperty("secondary")
    step = StringProperty("lead")
    shades = ListProperty(["surface", "primary", "edge"])
    """Ground, text and edge roles of the kind in its present state."""

    def on_kind(self, *_args: object) -> None:
        self._shade()

    def on_state(self, *_args: object) -> None:
        self._shade()

    def _shade(self) -> None:
        down = self.state == "down"
        self.shades = {
            "primary": ["primary_down" if down else "primary", "on_primary", "primary_down"],
            "secondary": ["tint" if down else "surface", "primary", "primary"],
            "quiet": ["tint" if down else "ground", "primary", "ground"],
            "chosen": ["tint", "primary", "primary"],
            "key": ["tint" if down else "surface", "ink", "edge"],
        }[self.kind]
