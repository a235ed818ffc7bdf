"""The slip in words: what is final apart from what was requested, and nobody's name on it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from kiosk.codes import Refusal, Trouble
from kiosk.operations import Standing
from kiosk.views import Receipt, ReceiptLine
from ui.i18n import Words

_CODES = frozenset(code.value for code in (*Refusal, *Trouble))


@dataclass(frozen=True, slots=True)
class Act:
    """One act in words: what kind it is, what it was about, and until or from when (or why not)."""

    kind: str
    what: str
    detail: str = ""

    def line(self) -> str:
        """All of it in one line, as a slip has it."""
        about = f"{self.what}（{self.detail}）" if self.detail else self.what
        return f"{self.kind}　{about}" if about else self.kind


@dataclass(frozen=True, slots=True)
class Group:
    """Acts of the same standing; `ink` is the colour role that goes with the heading's words."""

    ink: str
    heading: str
    acts: tuple[Act, ...]


def act_of(words: Words, line: ReceiptLine) -> Act:
    """What a line of the receipt says in this language."""
    kind = words(f"act.{line.kind}")
    if line.booking is not None:
        booking = line.booking
        what, detail = words.where(booking.facility, booking.room), words.when(booking.period)
    else:
        what = line.title
        detail = words("borrow.due", date=words.day(line.due_on)) if line.due_on is not None else ""
    if line.rejected is not None:
        reason = words.reason(line.rejected) if line.rejected in _CODES else words("receipt.ask")
        what, detail = "　".join(part for part in (what, detail) if part), reason
    return Act(kind, what, detail)


def groups(words: Words, receipt: Receipt) -> list[Group]:
    """What is final, what is requested, what was refused; empty groups are left out."""
    rejected = [line for line in receipt.lines if line.rejected is not None]
    accepted = [line for line in receipt.lines if line.rejected is None]
    final = [line for line in accepted if line.standing is Standing.FINAL]
    asked = [line for line in accepted if line.standing is Standing.REQUESTED]
    found = (
        ("done", "receipt.final", final),
        ("wait", "receipt.request", asked),
        ("alert", "receipt.rejected", rejected),
    )
    return [
        Group(ink, words(heading), tuple(act_of(words, line) for line in lines))
        for ink, heading, lines in found
        if lines
    ]


def slip(words: Words, receipt: Receipt, place: str, now: datetime) -> tuple[str, ...]:
    """The lines to print, heading first."""
    lines = [words("receipt.title"), place, f"{words.today(now)} {words.clock(now)}"]
    for group in groups(words, receipt):
        lines += ["", f"■ {group.heading}", *(act.line() for act in group.acts)]
    if receipt.lines:
        lines += ["", f"{words('receipt.keep')} {receipt.lines[-1].op_id[-12:]}"]
    return tuple(lines)
