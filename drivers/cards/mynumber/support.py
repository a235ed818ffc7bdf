"""Reading name, address, birth date and sex from the input-support application, by the ward's choice of key.

照合番号B is the recommended one: birth date, year of expiry and security code as printed on the card. For it
the card gives these four and refuses the Individual Number itself (6982); for the PIN it would give both.
"""

from __future__ import annotations

from drivers.cards.allow import Forbidden
from drivers.cards.apdu import Channel, Command
from drivers.cards.mynumber import attributes, files
from drivers.cards.mynumber.profile import CardProfile
from kiosk.codes import Trouble
from kiosk.ports import Attributes, CardProblem
from kiosk.rules import AttributesBy

_NUMBER_B = files.SecretTroubles(
    wrong=Trouble.NUMBER_B_WRONG,
    blocked=Trouble.NUMBER_B_BLOCKED,
    last_try=Trouble.NUMBER_B_LAST_TRY,
    malformed=Trouble.NUMBER_B_MALFORMED,
)
_TROUBLES = {AttributesBy.NUMBER_B: _NUMBER_B, AttributesBy.PIN: files.PIN_TROUBLES}


def read_attributes(send: Channel, profile: CardProfile, by: AttributesBy, secret: str) -> Attributes:
    """The four attributes for one secret, at the cost of one try where it is wrong; raises CardProblem.

    `send` is a channel guarded for the same `by`. Power the card off afterwards: the key stays in force until
    then. Nothing is kept here; what is returned is the only copy.
    """
    if by is AttributesBy.OFF:
        raise Forbidden("the ward has not switched attributes on")
    support, troubles = profile.support, _TROUBLES[by]
    key = support.key(by) if support is not None else None
    if support is None or key is None:
        raise CardProblem(Trouble.CARD_KIND_NOT_ACCEPTED)
    files.check_form(key, secret, troubles)
    send(Command(0x00, 0xA4, 0x00, 0x00))  # the first command after power-up may fail with 6F00
    if not files.select_application(send, support.aid):  # a phone, or an old resident card
        raise CardProblem(Trouble.CARD_KIND_NOT_ACCEPTED)
    files.verify(send, key, secret, troubles)
    files.select_file(send, support.ef_attributes)
    head = files.read_exactly(send, 0, attributes.HEAD_BYTES)
    rest = files.read_exactly(send, len(head), attributes.file_length(head) - len(head))
    return attributes.parse(head + rest)
