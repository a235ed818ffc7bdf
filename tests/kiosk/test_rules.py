"""Rules as a file that a ward edits: round trip, defaults, and mistakes that are named."""

from __future__ import annotations

from datetime import date

import pytest

from kiosk.barcodes import Check
from kiosk.people.risk import Action, Assurance
from kiosk.rules import AttributesBy, Rules, RuleSet, rules_from_json, rules_on, rules_to_json


def test_rules_come_back_as_they_were_written() -> None:
    assert rules_from_json(rules_to_json(Rules())) == Rules()
    assert rules_from_json(rules_to_json(Rules(), indent=2)) == Rules()


def test_what_is_left_out_keeps_its_default() -> None:
    rules = rules_from_json(
        '{"cards": {"mynumber_with_pin": true}, "lending": {"barcodes": {"patron_check": "7dr"}}}'
    )
    assert rules.cards.mynumber_with_pin
    assert rules.cards.attributes is AttributesBy.OFF, "strict unless somebody says otherwise"
    assert rules.cards.linkable == ()
    assert rules.lending.barcodes.patron_check is Check.SEVEN
    assert rules.booking == Rules().booking


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "JSON"),
        ('{"cards": {"mynumber_with_pni": true}}', "cards.mynumber_with_pni"),
        ('{"crads": {}}', "crads"),
        ('{"cards": {"library_pin_tries": "many"}}', "library_pin_tries"),
        ('{"cards": {"attributes": "always"}}', "attributes"),
        ('{"cards": {"risk": {"needs": {"book": "nothing"}}}}', "book"),
        ('{"lending": {"barcodes": {"item_check": "mod97"}}}', "item_check"),
    ],
)
def test_a_mistake_is_named(text: str, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        rules_from_json(text)


def test_the_newest_valid_version_counts() -> None:
    def version(number: int, day: date) -> RuleSet:
        risk = {"needs": {"book": "possession"}} if number == 2 else {}
        text = rules_to_json(
            rules_from_json(f'{{"cards": {{"risk": {str(risk).replace(chr(39), chr(34))}}}}}')
        )
        return RuleSet(name="ward", version=number, valid_from=day, body=text)

    sets = [version(1, date(2026, 4, 1)), version(2, date(2027, 4, 1))]
    before, after = (rules_on(date(year, 4, 1), sets).cards.risk for year in (2026, 2027))
    assert not before.allows(Assurance.POSSESSION, Action.BOOK)
    assert after.allows(Assurance.POSSESSION, Action.BOOK)
    assert after.allows(Assurance.POSSESSION, Action.BORROW), "the other rows are as they were"
    assert not after.allows(Assurance.POSSESSION, Action.LINK)
