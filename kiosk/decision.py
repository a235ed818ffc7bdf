"""What every decision is made of: who decides, on which rules, and the answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Generic, Protocol, TypeVar

from kiosk.clock import local_date
from kiosk.codes import Clash, Refusal
from kiosk.operations import Nature, Standing
from kiosk.records import Change
from kiosk.rules import Rules
from kiosk.state import Query, State

C = TypeVar("C")


@dataclass(frozen=True, slots=True)
class Seat:
    """Who decides. A device decides before the act; the server (`device_id` names the sender) after it.

    `staff`: a member of staff does it at the desk, who has seen who it is.
    """

    device_id: str
    server: bool = False
    staff: bool = False


@dataclass(frozen=True, slots=True)
class Context:
    """Everything a decision may know besides state and command. `now` is aware: when the act happens.

    `timely` says whether `now` may be compared with what other devices say of the time.
    """

    now: datetime
    seat: Seat
    rules: Rules
    timely: bool = True

    @property
    def today(self) -> date:
        """The ward's calendar day."""
        return local_date(self.now)


@dataclass(frozen=True, slots=True)
class Accepted:
    """It is done (or asked for). `clashes` are for staff: a fact that should not have been possible."""

    changes: tuple[Change, ...]
    standing: Standing = Standing.FINAL
    clashes: tuple[Refusal | Clash, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """It is not done. `codes` holds every reason, the most important first."""

    codes: tuple[Refusal, ...]

    @property
    def code(self) -> Refusal:
        return self.codes[0]


Decision = Accepted | Refused


class Command(Protocol):
    """An act somebody wants: a frozen dataclass of scalars, the body of an operation."""

    @property
    def __dataclass_fields__(self) -> dict[str, object]: ...


class Decider(Protocol):
    """One kind of act: what it reads, and how it is decided."""

    kind: str
    nature: Nature
    schema_v: int
    command: type
    chained: bool
    """Whether `reads` may want more once its first queries are answered."""
    ephemeral: bool
    """Whether nobody keeps the command once it has been applied without a clash."""
    note: bool
    """Whether the device writes it down by itself: no resident asked for it."""

    def reads(self, command: object, state: State) -> Iterator[Query]: ...

    def decide(self, state: State, command: object, context: Context) -> Decision: ...

    def promised(self, command: object, decision: Accepted, state: State) -> object:
        """The command as it goes into the journal: with what the device has promised by it."""
        ...


class Plain(Generic[C]):
    """What holds for most kinds of act, to inherit from."""

    schema_v = 1
    chained = False
    ephemeral = False
    note = False

    def promised(self, command: C, decision: Accepted, state: State) -> C:
        """Nothing was promised beyond what was asked."""
        return command


class ClaimDecider(Decider, Protocol):
    """A claim may get a no from the server; `refused` says what stands after it."""

    def refused(self, state: State, command: object, context: Context) -> tuple[Change, ...]: ...
