"""Buttons and panels. Every control has a `test_id` that does not depend on the language."""

from __future__ import annotations

from kivy.properties import AliasProperty, BooleanProperty, ListProperty, NumericProperty, StringProperty
from kivy.uix.behaviors import ButtonBehavior
from kivy.uix.boxlayout import BoxLayout


class Panel(BoxLayout):
    """A rounded surface; `role` and `edge_role` are colour roles of the theme."""

    role = StringProperty("surface")
    edge_role = StringProperty("")


class Notice(Panel):
    """A sentence that must not be missed, in the colour role `ink`."""

    say = StringProperty("")
    ink = StringProperty("alert")


class Mark(Panel):
    """A short word on a coloured ground."""

    say = StringProperty("")
    ink = StringProperty("done")


class Touch(ButtonBehavior, Panel):
    """Anything that can be touched. It answers on release, and shows at once that it was pressed."""

    test_id = StringProperty("")

    def on_touch_up(self, touch: object) -> bool:
        """A finger lifted after its screen went away means nothing any more."""
        if self.get_root_window() is None:
            self.state = "normal"
            return False
        return bool(super().on_touch_up(touch))


class Worded(Touch):
    """Something to touch with words on it: `kind` says how much it matters, `hint` says more."""

    say = StringProperty("")
    hint = StringProperty("")
    kind = StringProperty("secondary")
    shades = ListProperty(["surface", "primary", "primary"])
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


class KioskButton(Worded):
    """A button; its words stand in the middle, in the text size `step`."""

    step = StringProperty("lead")


class ChoiceTile(Worded):
    """A large tile of the home screen: a thing one can do, and how, where there is room to say it."""

    least_mm = NumericProperty(32)


class CardHint(BoxLayout):
    """A drawing: card and reader. `arrow`: down (put it there), up (take it) or nothing (leave it)."""

    dim = BooleanProperty(False)
    arrow = StringProperty("down")

    def _scale(self) -> float:
        return self.height / 100

    def _reader_y(self) -> float:
        return self._scale() * 12

    def _card_y(self) -> float:
        return self._scale() * (54 if self.arrow else 27)

    def _arrow_points(self) -> list[float]:
        mid, half = self.center_x, self._scale() * 9
        low, high = (self.y + self._scale() * y for y in (36, 48))
        base, tip = (high, low) if self.arrow == "down" else (low, high)
        return [mid - half, base, mid + half, base, mid, tip]

    reader_y = AliasProperty(_reader_y, bind=["height"])
    card_y = AliasProperty(_card_y, bind=["height", "arrow"])
    arrow_points = AliasProperty(_arrow_points, bind=["pos", "size", "arrow"])
