"""A card torn out at every single command of every flow leaves a clean state."""

from __future__ import annotations

import pytest

from kiosk.codes import Trouble
from kiosk.ports import CardFailed, CardPlaced, CardProblem, CardRemoved
from tests.drivers.conftest import NOW, Desk
from virtual.cards.mynumber import MyNumberCard

pytestmark = pytest.mark.serial


def commands_of_a_login(desk: Desk) -> int:
    card = desk.card()
    desk.lay(card).card.authenticate("1234", NOW)
    desk.lift()
    return len(card.log)


def test_torn_out_at_every_command(desk: Desk) -> None:
    total = commands_of_a_login(desk)
    assert total > 10
    for number in range(total):
        card = desk.card(torn_after=number)
        desk.put(card)
        event = desk.listener.wait((CardPlaced, CardFailed, CardRemoved))
        if isinstance(event, CardPlaced):
            with pytest.raises(CardProblem) as problem:
                event.card.authenticate("1234", NOW)
            assert problem.value.code is Trouble.CARD_REMOVED, number
            assert isinstance(desk.listener.wait((CardRemoved, CardFailed)), CardRemoved)
        assert isinstance(card, MyNumberCard)
        assert card.tries_left == 3, "a PIN that was not refused costs nothing"
        assert card.trespasses == []
        desk.down.clear()
    assert desk.lay(desk.card()).card.authenticate("1234", NOW), "and the next card works"
    desk.lift()
