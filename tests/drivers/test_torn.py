"""A card torn off every kind of reader at every single command of a visit: recognised, asked, proved.

The same for every flow, without a reader and in every manner of card: `test_torn_flows.py`.
"""

from __future__ import annotations

import pytest

from kiosk.codes import Trouble
from kiosk.ports import Card, CardFailed, CardPlaced, CardProblem, CardRemoved
from tests.drivers.conftest import NOW, Desk
from tests.drivers.media import over


def visit(card: Card) -> None:
    """What a resident with a My Number card makes the kiosk do."""
    card.pin_tries_left()
    card.authenticate("1234", NOW)


def commands_of_a_visit(desk: Desk) -> int:
    card = desk.card()
    visit(desk.lay(card).card)
    desk.lift()
    return len(card.log)


@over()
def test_torn_out_at_every_command(desk: Desk) -> None:
    total = commands_of_a_visit(desk)
    assert total > 20
    for number in range(total):
        card = desk.card(torn_after=number)
        desk.put(card)
        event = desk.listener.wait((CardPlaced, CardFailed, CardRemoved))
        if isinstance(event, CardPlaced):
            with pytest.raises(CardProblem) as problem:
                visit(event.card)
            assert problem.value.code is Trouble.CARD_REMOVED, number
            assert isinstance(desk.listener.wait((CardRemoved, CardFailed)), CardRemoved)
        assert card.tries_left == 3, "a PIN that was not refused costs nothing"
        assert card.trespasses == []
        desk.down.clear()
    assert desk.lay(desk.card()).card.authenticate("1234", NOW), "and the next card works"
    desk.lift()
