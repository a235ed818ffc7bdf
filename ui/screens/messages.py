"""Screens that say one thing: reading, checked in, booked, linked, stopped, goodbye, a problem."""

from __future__ import annotations

from typing import Any

from kivy.properties import BooleanProperty, StringProperty

from kiosk.operations import Standing
from kiosk.people.model import LinkState
from kiosk.views import (
    Booked,
    CardStopped,
    CheckedIn,
    GoHome,
    Goodbye,
    Linked,
    PinSet,
    Problem,
    StayHere,
    StillThere,
    Working,
)  # fmt: skip
from ui.screens.page import Page


class MessagePage(Page):
    """A large sentence, an explanation, and at most one thing to touch."""

    mark = StringProperty("")
    title = StringProperty("")
    body = StringProperty("")
    detail = StringProperty("")
    action = StringProperty("")
    action_id = StringProperty("message.ok")
    ink = StringProperty("primary")
    drawing = BooleanProperty(False)
    arrow = StringProperty("")

    def clear(self) -> None:
        self.mark = self.title = self.body = self.detail = self.action = self.note = ""

    def act(self) -> None:
        """The one thing to touch."""
        self.send(GoHome())

    def tone(self, standing: Standing) -> None:
        """What is final and what was only asked for, in a word and in a colour."""
        final = standing is Standing.FINAL
        self.ink = "done" if final else "wait"
        self.mark = self.words("mark.final" if final else "mark.request")


class WorkingPage(MessagePage):
    def show(self, view: Working) -> None:
        self.title, self.body = self.words("working.title"), self.words("working.body")
        self.drawing, self.arrow = True, ""


class CheckedInPage(MessagePage):
    can_home = True
    can_finish = True

    def show(self, view: CheckedIn) -> None:
        self.tone(Standing.FINAL)
        self.title, self.body = self.words("checkedin.title"), self.words("checkedin.body")
        self.detail = self.words.booking(view.booking)
        self.action = self.words("message.ok")


class BookedPage(MessagePage):
    can_home = True
    can_finish = True

    def show(self, view: Booked) -> None:
        self.tone(view.booking.standing)
        ending = "" if view.booking.standing is Standing.FINAL else ".request"
        self.title, self.body = self.words(f"booked.title{ending}"), self.words(f"booked.body{ending}")
        self.detail = self.words.booking(view.booking)
        self.action = self.words("message.ok")


class LinkedPage(MessagePage):
    can_home = True
    can_finish = True

    def show(self, view: Linked) -> None:
        self.tone(view.standing)
        ending = "" if view.standing is Standing.FINAL else ".request"
        self.title, self.body = self.words(f"linked.title{ending}"), self.words(f"linked.body{ending}")
        self.action = self.words("message.ok")


class CardStoppedPage(MessagePage):
    can_home = True
    can_finish = True

    def show(self, view: CardStopped) -> None:
        words, lost = self.words, view.card.state == LinkState.LOST
        self.tone(Standing.FINAL)
        self.title, self.detail = words("stopped.title"), words.card(view.card.kind)
        self.body = words("stopped.body.lost" if lost else "stopped.body")
        self.action = words("message.ok")


class PinSetPage(MessagePage):
    can_home = True
    can_finish = True

    def show(self, view: PinSet) -> None:
        self.tone(Standing.FINAL)
        self.title, self.body = self.words("pinset.title"), self.words("pinset.body")
        self.action = self.words("message.ok")


class GoodbyePage(MessagePage):
    def show(self, view: Goodbye) -> None:
        self.drawing = view.card_on_reader
        self.arrow = "up"
        self.title = self.words("goodbye.take" if view.card_on_reader else "goodbye.title")
        self.body = self.words("goodbye.body")


class ProblemPage(MessagePage):
    """What happened, what to do now, and a code for staff. Says whether the visit goes on."""

    action_id = StringProperty("problem.ok")

    def show(self, view: Problem) -> None:
        words = self.words
        self.ink = "alert"
        self.mark = words("problem.mark")
        self.title, what_to_do = words.reason_parts(view.code)
        tries = "" if view.tries_left is None else words("problem.tries", n=view.tries_left)
        also = (words.reason(code) for code in view.others)
        self.body = "\n".join(part for part in (what_to_do, *also, tries) if part)
        code = words("problem.code", code=view.code)
        dated = "" if view.as_of is None else words("problem.as_of", when=words.moment(view.as_of))
        self.note = "\n".join(part for part in (dated, code) if part)
        self.action = words("problem.back" if view.back else "problem.ok")


class StillTherePage(MessagePage):
    action_id = StringProperty("still.yes")

    def show(self, view: StillThere) -> None:
        self.ink = "wait"
        self.title = self.words("still.title")
        self.body = self.words("still.body", n=view.seconds_left)
        self.action = self.words("still.yes")

    def act(self) -> None:
        self.send(StayHere())


PAGES: dict[type[Any], type[MessagePage]] = {
    Working: WorkingPage,
    CheckedIn: CheckedInPage,
    Booked: BookedPage,
    Linked: LinkedPage,
    CardStopped: CardStoppedPage,
    PinSet: PinSetPage,
    Goodbye: GoodbyePage,
    Problem: ProblemPage,
    StillThere: StillTherePage,
}
