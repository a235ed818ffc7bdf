"""The one place where it is decided: every kind of act by its name, for the kiosk and for the server."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any, cast

from pydantic import TypeAdapter

from kiosk.booking.decide import BookRoomDecider
from kiosk.checkin.decide import CheckInDecider
from kiosk.decision import Context, Decider, Decision
from kiosk.lending.decide import CheckoutDecider, ReturnDecider
from kiosk.people.decide import LinkCardDecider, StopCardDecider
from kiosk.people.pin_decide import SetLibraryPinDecider, TryLibraryPinDecider
from kiosk.people.sighting import SeeCardDecider
from kiosk.records import to_json
from kiosk.state import Query, State

DECIDERS: dict[str, Decider] = {
    decider.kind: cast("Decider", decider)
    for decider in (
        CheckoutDecider(),
        ReturnDecider(),
        CheckInDecider(),
        BookRoomDecider(),
        LinkCardDecider(),
        StopCardDecider(),
        SetLibraryPinDecider(),
        TryLibraryPinDecider(),
        SeeCardDecider(),
    )
}
"""Every kind of act by the name it has in the journal."""

EPHEMERAL = frozenset(kind for kind, decider in DECIDERS.items() if decider.ephemeral)
"""Kinds of act whose command nobody keeps once it has been applied without a clash."""

NOTES = frozenset(kind for kind, decider in DECIDERS.items() if decider.note)
"""Kinds that a device writes down by itself: no resident asked for them, and none is told of them."""

_BY_COMMAND: dict[type, Decider] = {decider.command: decider for decider in DECIDERS.values()}


def decider_of(command: object) -> Decider:
    """Who decides this command."""
    return _BY_COMMAND[type(command)]


def decide(state: State, command: object, context: Context) -> Decision:
    """Decide one act on the records in `state`, which must answer the decider's `reads`."""
    return decider_of(command).decide(state, command, context)


def command_to_body(command: object) -> dict[str, Any]:
    """The body of an operation."""
    return to_json(command)


@cache
def _adapter(kind: str) -> TypeAdapter[Any]:
    return TypeAdapter(DECIDERS[kind].command)


def command_from_body(kind: str, body: Mapping[str, Any]) -> object:
    """The inverse of :func:`command_to_body`. KeyError: unknown kind; ValidationError: body does not fit."""
    return _adapter(kind).validate_python(dict(body))


def load_state(
    commands: Iterable[object],
    fetch: Callable[[list[Query]], Iterable[Any]],
    state: State | None = None,
) -> State:
    """Answer the reads of all commands set-wise: ask `fetch` until nothing new is wanted.

    What one query brings may show what else to ask for (a room's parts, then their cells), so this goes
    in rounds; each round asks for everything new of all commands at once.
    """
    state = state or State()
    wanted = list(commands)
    asked: dict[Query, None] = {}
    while wanted:
        new = dict.fromkeys(q for c in wanted for q in decider_of(c).reads(c, state) if q not in asked)
        asked |= new
        state.add(fetch(list(new)) if new else ())
        # only reads that depend on what was read can want more
        wanted = [c for c in wanted if decider_of(c).chained] if new else []
    return state
