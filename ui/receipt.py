"""The slip in words: what is final apart from what was requested, and nobody's name on it."""

from __future__ import annotations

from datetime import datetime

from kiosk.operations import Standing
from kiosk.views import Receipt, ReceiptKind, ReceiptLine
from ui.i18n import Words


def sentence(words: Words, line: ReceiptLine) -> str:
    """One act in one line."""
    if line.kind is ReceiptKind.LOAN and line.due_on is not None:
        return words("receipt.loan", title=line.title, date=words.day(line.due_on))
    if line.kind is ReceiptKind.RETURN:
        return words("receipt.return", title=line.title)
    if line.booking is not None:
        key = "receipt.checkin" if line.kind is ReceiptKind.CHECK_IN else "receipt.booking"
        return words(key, what=words.booking(line.booking))
    return words("receipt.link")


def groups(words: Words, receipt: Receipt) -> list[tuple[str, str, list[str]]]:
    """(role, heading, lines) for what is final, requested and refused; empty groups are left out."""
    rejected = [line for line in receipt.lines if line.rejected is not None]
    open_lines = [line for line in receipt.lines if line.rejected is None]
    final = [line for line in open_lines if line.standing is Standing.FINAL]
    asked = [line for line in open_lines if line.standing is Standing.REQUESTED]
    found = (
        ("done", "receipt.final", final),
        ("wait", "receipt.request", asked),
        ("alert", "receipt.rejected", rejected),
    )
    return [(role, words(key), [sentence(words, x) for x in lines]) for role, key, lines in found if lines]


def slip(words: Words, receipt: Receipt, place: str, now: datetime) -> tuple[str, ...]:
    """The lines to print, heading first."""
    lines = [words("receipt.title"), place, f"{words.day(now.date())} {words.clock(now)}"]
    for _, heading, sentences in groups(words, receipt):
        lines += ["", f"■ {heading}", *sentences]
    if receipt.lines:
        lines += ["", f"{words('receipt.keep')} {receipt.lines[-1].op_id[-12:]}"]
    return tuple(lines)
