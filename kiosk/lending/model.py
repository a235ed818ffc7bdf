"""Items and open loans. A loan exists only while it is open: on return the row is removed, not closed."""

from __future__ import annotations

from datetime import date, datetime

from kiosk.records import record


@record("item", key=("item_id",))
class Item:
    """A copy on a shelf, known by the number of its label. `item_type` chooses the loan terms."""

    item_id: str
    title: str
    item_type: str
    home_id: str
    for_loan: bool


@record("loan", key=("item_id",), lookups=(("patron_id",),))
class Loan:
    """This item is out with this patron. One open loan per item: the item is the key."""

    item_id: str
    loan_id: str
    patron_id: str
    item_type: str
    facility_id: str
    since: datetime
    due_on: date


@record("sighting", key=("item_id",))
class Sighting:
    """Where and when this item was last in somebody's hands at a kiosk. It names nobody, and stays."""

    item_id: str
    device_id: str
    at: datetime
