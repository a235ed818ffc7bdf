"""The frame around every screen: where am I, what time is it, is there a network; back, finish, help."""

from __future__ import annotations

from kivy.properties import BooleanProperty, StringProperty
from kivy.uix.boxlayout import BoxLayout


class Header(BoxLayout):
    """Place and clock, and in plain words the state of the network."""

    place = StringProperty("")
    clock = StringProperty("")
    state = StringProperty("")
    offline = BooleanProperty(True)


class Footer(BoxLayout):
    """Always the same places: back and menu left, languages in the middle, help and end right."""

    can_back = BooleanProperty(False)
    can_home = BooleanProperty(False)
    can_finish = BooleanProperty(False)


class StaffOverlay(BoxLayout):
    """Says where help is; covers the screen until closed."""
