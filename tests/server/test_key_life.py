"""The next key, and the end of one: rotation, revocation, copies."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.codes import Standstill
from server import cli
from server.desk.words import CODES
from server.identity import keys
from server.store import tables
from server.store.database import Database
from sync.enrolment import enrol, rotate
from sync.http import Declined, Garbage, ServerConnection, Unreachable
from sync.identity import DeviceAuth, load_identity, save_identity
from sync.protocol import KeyOffer
from sync.signatures import key_id_of
from tests.conftest import Central
from tests.server.enrolling import NOW, auth_of, claim, make_code, only_sqlite, renew, states, write_settings
from tests.server.house import case_codes, ledger_rows, lend, rehashed, request_of
from tests.server.test_desk import signed_in
from virtual.proxy import Proxy, Weather

# ---- the next key --------------------------------------------------------------------------------


def test_the_old_key_is_good_until_the_new_one_was_used(central: Central, tmp_path: Path) -> None:
    kiosk = central.kiosk(tmp_path)
    old = DeviceAuth(auth_of(kiosk).identity)
    renew(kiosk, tmp_path)
    before = ServerConnection(central.url, "kiosk-1", old)
    assert before.feed("", 0, 1).changes, "still good"
    assert kiosk.sync(), "the new one is used"
    assert states(central.database) == ["active", "retired"]
    with pytest.raises(Declined) as declined:
        before.feed("", 0, 1)
    assert declined.value.problem.type == "unauthorized"
    assert kiosk.sync()


@only_sqlite
def test_a_new_key_comes_through_every_interruption(central: Central, tmp_path: Path) -> None:
    host, port = central.url.removeprefix("http://").split(":")
    with Proxy((host, int(port))) as network:
        kiosk = central.kiosk(tmp_path, url=network.url)
        for weather in (w for w in Weather if w is not Weather.FINE):
            network.weather = weather
            with pytest.raises((Unreachable, Garbage)):
                renew(kiosk, tmp_path)
            network.weather = Weather.FINE
            restarted = DeviceAuth(load_identity(tmp_path / "identity.json", "kiosk-1"))
            assert restarted.identity.due(datetime.now(UTC)), "what was begun is to be finished"
            connection = ServerConnection(network.url, "kiosk-1", restarted)
            assert connection.feed("", 0, 1).changes
            rotate(connection, restarted, tmp_path / "identity.json", datetime.now(UTC))
            assert connection.feed("", 0, 1).changes
            auth_of(kiosk).identity = restarted.identity
    assert states(central.database).count("active") == 1


@only_sqlite
def test_a_next_key_proves_itself_and_is_nobody_elses(central: Central, tmp_path: Path) -> None:
    kiosk, other = central.kiosk(tmp_path / "a"), central.kiosk(tmp_path / "b", "kiosk-2")
    theirs = auth_of(other).identity.key
    public = theirs.public_key().public_bytes_raw().hex()
    with pytest.raises(Declined) as declined:
        kiosk.server.offer_key(KeyOffer(protocol=1, public_key=public, proof="00" * 64))
    assert declined.value.problem.type == "unauthorized"
    auth = auth_of(kiosk)
    auth.identity = replace(auth.identity, next_key=theirs)
    with pytest.raises(Declined) as declined:
        renew(kiosk, tmp_path / "a")
    assert declined.value.problem.type == "enrolment-refused"
    assert kiosk.sync()
    assert other.sync()


@only_sqlite
def test_a_kiosk_renews_an_old_key_by_itself(central: Central, tmp_path: Path) -> None:
    from kiosk.settings import load_settings
    from main import build_kiosk

    central.enrol(tmp_path / "data", "kiosk-1")
    (tmp_path / "key").write_text("00" * 32)
    path = tmp_path / "data" / "identity.json"
    young = load_identity(path, "kiosk-1")
    save_identity(path, replace(young, made_at=datetime.now(UTC) - timedelta(days=181)))
    kiosk = build_kiosk(
        load_settings(write_settings(tmp_path, central.url)), lambda view: None, reader=None, scanner=None,
        printer=None,
    )  # fmt: skip
    assert kiosk.schedule.round()
    renewed = load_identity(path, "kiosk-1")
    assert key_id_of(renewed.key.public_key()) != key_id_of(young.key.public_key())
    assert kiosk.schedule.round()
    assert load_identity(path, "kiosk-1").key.private_bytes_raw() == renewed.key.private_bytes_raw()
    kiosk.ledger.close()


# ---- the end -------------------------------------------------------------------------------------


def test_a_stopped_kiosk_keeps_its_queue_and_says_why_and_comes_back(
    central: Central, tmp_path: Path
) -> None:
    kiosk = central.kiosk(tmp_path)
    assert kiosk.sync()
    cli.revoke_device(central.database_url, "kiosk-1")
    done = lend(kiosk, central.ward.free_items(1)[0])
    assert not kiosk.sync()
    assert kiosk.schedule.standstill is Standstill.DEVICE_REVOKED
    assert kiosk.ledger.queue_length() == 1
    assert ledger_rows(central) == []
    code = cli.enrolment_code(central.database_url, "kiosk-1")
    words = enrol(central.url, "kiosk-1", code, tmp_path / "identity.json", datetime.now(UTC))
    auth_of(kiosk).identity = load_identity(tmp_path / "identity.json", "kiosk-1")
    assert not kiosk.sync()
    assert kiosk.schedule.standstill is Standstill.AWAITING_APPROVAL
    assert cli.approve_device(central.database_url, "kiosk-1", words)
    assert kiosk.sync()
    assert kiosk.schedule.standstill is None
    assert [row[0] for row in ledger_rows(central)] == [done.op_id]


@only_sqlite
def test_a_server_with_another_key_is_not_believed(central: Central, tmp_path: Path) -> None:
    kiosk = central.kiosk(tmp_path)
    auth = auth_of(kiosk)
    auth.identity = replace(auth.identity, server_key=Ed25519PrivateKey.generate().public_key())
    before = kiosk.ledger.cursor()
    assert not kiosk.sync()
    assert kiosk.schedule.standstill is Standstill.SERVER_UNPROVEN
    assert kiosk.ledger.cursor() == before, "nothing it said was taken in"


@only_sqlite
@pytest.mark.parametrize("status", [200, 302, 403, 502])
def test_a_page_that_nobody_signed_is_no_network_whatever_it_says(
    central: Central, tmp_path: Path, status: int
) -> None:
    """A portal or a proxy may say anything, also that staff stopped this kiosk."""
    said = b'{"type":"device-revoked","title":"x","status":403}'
    answer = requests.Response()
    answer.status_code, answer.raw = status, BytesIO(said)
    answer.headers.update({"Content-Type": "application/problem+json"})
    kiosk = central.kiosk(tmp_path)

    class Portal(requests.adapters.HTTPAdapter):
        def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:  # type: ignore[override]
            answer.request = request
            return answer

    kiosk.server._session.mount("http://", Portal())
    assert not kiosk.sync()
    assert kiosk.schedule.standstill is None
    assert kiosk.schedule._offline_since is not None


@only_sqlite
def test_a_copied_key_shows_as_a_fork_and_the_case_says_what_to_do(central: Central, tmp_path: Path) -> None:
    kiosk = central.kiosk(tmp_path)
    assert kiosk.sync()
    first, second = central.ward.free_items(2)
    lend(kiosk, first)
    (mine,) = kiosk.ledger.queued(1)
    assert kiosk.sync()
    copy = ServerConnection(central.url, "kiosk-1", DeviceAuth(auth_of(kiosk).identity))
    theirs = rehashed(mine, op_id=str(uuid4()), body={**mine.body, "item_id": second})
    (result,) = copy.push(request_of([theirs])).results
    assert result.code == "sequence-fork"
    assert case_codes(central) == ["sequence-fork"]
    assert "鍵の写し" in CODES["sequence-fork"]
    assert "止めて" in CODES["sequence-fork"]
    session, _ = signed_in(central)
    assert "鍵の写し" in session.get(f"{central.url}/desk/cases", timeout=5).text


def test_what_was_on_its_way_when_staff_stopped_a_device_changes_nothing(known: Database) -> None:
    present = claim(known, make_code(known))
    assert present is not None
    key_id, following = key_id_of(present.public_key()), Ed25519PrivateKey.generate().public_key()
    with known.write() as conn:
        assert keys.approve(conn, "kiosk-1", keys.pending(conn, "kiosk-1").words, "saito", NOW)
        assert keys.offer(conn, "kiosk-1", key_id, following, NOW)
        keys.revoke(conn, "kiosk-1", "saito", NOW)
        assert not keys.offer(conn, "kiosk-1", key_id, Ed25519PrivateKey.generate().public_key(), NOW)
        keys.note_use(conn, "kiosk-1", key_id_of(following), NOW)
    assert states(known) == ["revoked", "revoked"]


@only_sqlite
def test_a_kiosk_that_the_server_does_not_know_any_more_says_so(central: Central, tmp_path: Path) -> None:
    """As after a restore from a backup of before its enrolment."""
    kiosk = central.kiosk(tmp_path)
    with central.database.write() as conn:
        conn.execute(tables.device_key.delete())
    assert not kiosk.sync()
    assert kiosk.schedule.standstill is Standstill.UNAUTHORIZED
