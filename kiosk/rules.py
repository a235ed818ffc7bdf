"""Rules as data, versioned. The defaults are Nerima's public rules as read in 2026 (see `source`).

A ward overrides them with `rule_set` records; the version that is valid on the day of the act counts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Any

from pydantic import TypeAdapter

from kiosk.barcodes import Check
from kiosk.people.risk import RiskTable
from kiosk.records import record


@record("rule_set", key=("name", "version"))
class RuleSet:
    """One version of the ward's rules; `body` is JSON of :class:`Rules` (missing parts keep defaults)."""

    name: str
    version: int
    valid_from: date
    body: str


@dataclass(frozen=True, slots=True)
class LoanTerms:
    """How many of a type of item a person may hold, and for how many days."""

    limit: int
    days: int


@dataclass(frozen=True, slots=True)
class BarcodeScheme:
    """How the ward's labels look: numbers of a fixed length in NW-7 (JIS X 0506) or CODE39."""

    item_length: int = 10
    item_prefix: str = "1"
    item_check: Check = Check.LUHN
    patron_length: int = 8
    patron_prefix: str = "2"
    patron_check: Check = Check.LUHN


@dataclass(frozen=True, slots=True)
class LendingRules:
    """source: lib.nerima.tokyo.jp riyo01-03: books and magazines 10 for two weeks, CD 5, video 2."""

    terms: dict[str, LoanTerms] = field(
        default_factory=lambda: {
            "book": LoanTerms(limit=10, days=14),
            "magazine": LoanTerms(limit=10, days=14),
            "cd": LoanTerms(limit=5, days=14),
            "dvd": LoanTerms(limit=2, days=14),
        }
    )
    barcodes: BarcodeScheme = BarcodeScheme()


@dataclass(frozen=True, slots=True)
class BookingRules:
    """`window_days` ahead, `open_bookings` per person at a time; days a home kiosk may confirm alone."""

    window_days: int = 60
    open_bookings: int = 4
    lease_days: int = 2


@dataclass(frozen=True, slots=True)
class CheckInRules:
    """Minutes around the start in which a card opens the booking (window 15 min before to the end)."""

    opens_before_minutes: int = 15


class AttributesBy(StrEnum):
    """By which key a My Number card tells name, address, birth date and sex, if at all."""

    OFF = "off"
    NUMBER_B = "number-b"
    PIN = "pin"


@dataclass(frozen=True, slots=True)
class CardRules:
    """What a card may do here. Strict by default: the municipality decides.

    basis: 公的個人認証法 art. 38-4 (since 2024-05-27): a bare tap must not identify anybody, so the card
    opens a visit only with its PIN, and only where the ward has switched it on. The verifier has to make
    sure that the certificate is not revoked (arts. 37, 38-4); without a network that is a dated list, so a
    card that no fresh list vouches for is sent to the counter unless the ward decides otherwise.

    `attributes`: name, address, birth date and sex from the card, for filling in a form. basis:
    個人情報保護法 art. 61 (only what a stated purpose needs), so off unless the ward states one; 番号法
    arts. 9, 19, 20 (never the Individual Number), so by 照合番号B: the card then refuses the number itself.
    """

    mynumber_with_pin: bool = False
    mynumber_unchecked: bool = False
    """Whether a card may open a visit though no fresh list says that its certificate is not revoked."""
    linkable: tuple[str, ...] = ()
    risk: RiskTable = field(default_factory=RiskTable)
    library_pin_tries: int = 5
    """Wrong library PINs in a row, over all kiosks, before it is locked."""
    library_pin_lock_hours: int = 24
    two_places_minutes: int = 5
    """A card shown at two facilities within this time is taken for copied."""
    openings_per_card: int = 10
    """Visits one copyable card may open at one kiosk within `limit_minutes`."""
    unknown_cards: int = 10
    """Cards nobody knows within `limit_minutes`, before a kiosk takes only cards that prove themselves."""
    limit_minutes: int = 10
    attributes: AttributesBy = AttributesBy.OFF


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules of the ward at one moment."""

    lending: LendingRules = LendingRules()
    booking: BookingRules = BookingRules()
    check_in: CheckInRules = CheckInRules()
    cards: CardRules = CardRules()


_RULES = TypeAdapter(Rules)
_OBJECT = TypeAdapter(dict[str, Any])


def rules_on(day: date, sets: Iterable[RuleSet]) -> Rules:
    """The rules in force on `day`: the newest version that is already valid, else the defaults."""
    valid = [s for s in sets if s.name == "ward" and s.valid_from <= day]
    if not valid:
        return Rules()
    return _parsed(max(valid, key=lambda s: (s.valid_from, s.version)).body)


@lru_cache(maxsize=16)
def _parsed(body: str) -> Rules:
    """Read once: every act asks for the rules, and they hardly ever change."""
    return _RULES.validate_json(body)


def rules_to_json(rules: Rules, indent: int | None = None) -> str:
    """The `body` of a rule set."""
    return _RULES.dump_json(rules, indent=indent).decode()


def rules_from_json(text: str) -> Rules:
    """Rules that somebody wrote: what is left out keeps its default; what is unknown or misspelt is refused.

    Raises ValueError, which names the place.
    """
    given = _OBJECT.validate_json(text)
    read = _RULES.validate_python(_merged(json.loads(rules_to_json(Rules())), given))
    if stray := _stray(given, json.loads(rules_to_json(read)), ""):
        raise ValueError(f"there are no rules of this name: {', '.join(stray)}")
    return read


def _merged(default: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """`given` laid over `default`, also inside: a table of which one row is given keeps its other rows."""
    inside = {
        name: _merged(default[name], value)
        for name, value in given.items()
        if isinstance(value, dict) and isinstance(default.get(name), dict)
    }
    return default | given | inside


def _stray(given: object, known: object, at: str) -> list[str]:
    """Where `given` has names that `known` has not."""
    if not isinstance(given, dict) or not isinstance(known, dict):
        return []
    found = [f"{at}{name}" for name in given if name not in known]
    for name in given.keys() & known.keys():
        found += _stray(given[name], known[name], f"{at}{name}.")
    return sorted(found)
