"""Screens that say one thing: reading, checked in, booked, linked, goodbye, a problem, are you there."""

from __future__ import annotations

from typing import Any

from kivy.properties import StringProperty

from kiosk.operations import Standing
from kiosk.views import Booked, CheckedIn, GoHome, Goodbye, Linked, Problem, StayHere, StillThere, Working
from ui.screens.page import Page


class MessagePage(Page):
    """A large sentence, an explanation, and at most one thing to touch."""

    title = StringProperty("")
    body = StringProperty("")
    detail = StringProperty("")
    action = StringProperty("")
    action_id = StringProperty("message.ok")
    role = StringProperty("surface")
    ink = StringProperty("ink")

    def clear(self) -> None:
        self.title = self.body = self.detail = self.action = self.note = ""

    def act(self) -> None:
        """The one thing to touch."""
        self.send(GoHome())

    def tone(self, standing: Standing) -> None:
        """Green for what is final, amber for what was asked; the words say the same."""
        done = standing is Standing.FINAL
        self.role, self.ink = ("done_ground", "done") if done else ("wait_ground", "wait")


class WorkingPage(MessagePage):
    def show(self, view: Working) -> None:
        self.title, self.body = self.words("working.title"), self.words("working.body")


class CheckedInPage(MessagePage):
    can_home = True
    can_finish = True

    def show(self, view: CheckedIn) -> None:
        self.tone(Standing.FINAL)
        self.title, self.body = self.words("checkedin.title"), self.words("checkedin.body")
        self.detail = self.words.booking(view.booking)
        self.action = self.words("foot.home")


class BookedPage(MessagePage):
    can_home = True
    can_finish = True

    def show(self, view: Booked) -> None:
        standing = view.booking.standing
        self.tone(standing)
        final = standing is Standing.FINAL
        self.title = self.words("booked.title" if final else "booked.title.request")
        self.body = "" if final else self.words("booked.body.request")
        self.detail = self.words.booking(view.booking)
        self.action = self.words("foot.home")


class LinkedPage(MessagePage):
    can_home = True
    can_finish = True

    def show(self, view: Linked) -> None:
        self.tone(view.standing)
        ending = "" if view.standing is Standing.FINAL else ".request"
        self.title, self.body = self.words(f"linked.title{ending}"), self.words(f"linked.body{ending}")
        self.action = self.words("foot.home")


class GoodbyePage(MessagePage):
    def show(self, view: Goodbye) -> None:
        on_reader = view.card_on_reader
        self.title = self.words("goodbye.take" if on_reader else "goodbye.title")
        self.body = self.words("goodbye.body")
        self.role, self.ink = ("wait_ground", "wait") if on_reader else ("surface", "ink")


class ProblemPage(MessagePage):
    action_id = StringProperty("problem.ok")

    def show(self, view: Problem) -> None:
        self.role, self.ink = "alert_ground", "alert"
        self.title = self.words.reason(view.code)
        also = [self.words.reason(code) for code in view.others]
        self.body = "\n".join(also)
        self.note = self.words("problem.code", code=view.code)
        self.action = self.words("problem.ok")


class StillTherePage(MessagePage):
    action_id = StringProperty("still.yes")

    def show(self, view: StillThere) -> None:
        self.role, self.ink = "wait_ground", "wait"
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
    Goodbye: GoodbyePage,
    Problem: ProblemPage,
    StillThere: StillTherePage,
}
