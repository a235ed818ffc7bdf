"""How a kiosk comes to be known: code, key, words, approval; the next key; the end of one."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select

from kiosk.codes import Standstill
from main import main
from server import cli
from server.desk.words import CODES
from server.identity import keys
from server.store import tables
from server.store.database import Database
from sync.enrolment import enrol, rotate
from sync.fingerprint import WORDS, fingerprint, new_code, plain_code
from sync.http import Declined, Garbage, ServerConnection, Unreachable
from sync.identity import DeviceAuth, Identity, IdentityProblem, load_identity, save_identity
from sync.protocol import KeyOffer
from sync.signatures import key_id_of
from tests.conftest import Central, RemoteKiosk
from tests.server.house import case_codes, ledger_rows, lend, rehashed, request_of
from tests.server.test_desk import signed_in
from virtual.proxy import Proxy, Weather
from virtual.ward import DEMO_FACILITY

NOW = datetime(2026, 11, 21, tzinfo=UTC)
only_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def database_only(database_url: str) -> Database:
    opened = Database(database_url)
    opened.migrate()
    with opened.write() as conn:
        keys.add_device(conn, "kiosk-1", DEMO_FACILITY, "1F")
    return opened


def claim(database: Database, code: str, at: datetime = NOW) -> Ed25519PrivateKey | None:
    key = Ed25519PrivateKey.generate()
    taken = keys.claim(database, "kiosk-1", code, key.public_key(), bytes(32), at)
    return key if taken else None


def make_code(database: Database, at: datetime = NOW) -> str:
    with database.write() as conn:
        return keys.make_code(conn, "kiosk-1", at)


def states(database: Database) -> list[str]:
    with database.read() as conn:
        key = tables.device_key.c
        return sorted(conn.execute(select(key.state)).scalars())


# ---- the code ------------------------------------------------------------------------------------


def test_a_code_is_good_once_for_ten_minutes_and_not_kept(database_only: Database) -> None:
    code = make_code(database_only)
    with database_only.read() as conn:
        kept = str(conn.execute(select(tables.enrolment_code)).one())
    assert code not in kept
    assert plain_code(code) not in kept
    assert claim(database_only, code.lower().replace("-", " ")) is not None, "as people type it"
    assert claim(database_only, code) is None, "a second time"
    late = make_code(database_only)
    assert claim(database_only, late, NOW + timedelta(minutes=10, seconds=1)) is None
    assert claim(database_only, late, NOW + timedelta(minutes=9)) is not None
    older, newer = make_code(database_only), make_code(database_only)
    assert claim(database_only, older) is None, "the newest counts"
    assert claim(database_only, newer) is not None
    assert states(database_only) == ["pending", "refused", "refused"], "only one waits"


def test_of_many_who_know_a_code_at_once_one_gets_in(database_only: Database) -> None:
    code, start = make_code(database_only), threading.Barrier(4)
    taken: list[bool] = []

    def hurry() -> None:
        start.wait()
        taken.append(claim(database_only, code) is not None)

    threads = [threading.Thread(target=hurry) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == [False, False, False, True]
    assert states(database_only) == ["pending"]


def test_a_code_cannot_be_tried_out(database_only: Database) -> None:
    code = make_code(database_only)
    for _ in range(keys.MAX_WRONG):
        assert claim(database_only, new_code()) is None
    assert claim(database_only, code) is None
    assert states(database_only) == []
    assert claim(database_only, make_code(database_only)) is not None


def test_a_code_is_of_one_device(database_only: Database) -> None:
    with database_only.write() as conn:
        keys.add_device(conn, "kiosk-2", DEMO_FACILITY, "2F")
        other = keys.make_code(conn, "kiosk-2", NOW)
    make_code(database_only)
    assert claim(database_only, other) is None
    with database_only.write() as conn, pytest.raises(keys.NoSuchDevice):
        keys.make_code(conn, "kiosk-3", NOW)


def test_codes_are_read_as_people_say_them() -> None:
    assert plain_code("oil-0 1") == "01101"
    codes = {new_code() for _ in range(50)}
    assert len(codes) == 50
    assert all(re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5}", code) for code in codes)


# ---- the words -----------------------------------------------------------------------------------


def test_the_words_answer_for_everything_an_enrolment_is_made_of() -> None:
    assert len(set(WORDS)) == 256
    parts: tuple[Any, ...] = ("kiosk-1", b"d" * 32, b"s" * 32, "CODE")
    first = fingerprint(*parts)
    assert first == fingerprint(*parts)
    assert len(first.split()) == 6
    for n, other in enumerate(("kiosk-2", b"e" * 32, b"t" * 32, "CODF")):
        assert fingerprint(*parts[:n], other, *parts[n + 1 :]) != first


def test_somebody_in_between_makes_other_words(central: Central, tmp_path: Path) -> None:
    """The kiosk's words are of the key that answered it; the desk's of the server's own."""
    cli.add_device(central.database_url, "kiosk-1", DEMO_FACILITY, "1F")
    code = cli.enrolment_code(central.database_url, "kiosk-1")
    words = enrol(central.url, "kiosk-1", code, tmp_path / "id", datetime.now(UTC))
    identity = load_identity(tmp_path / "id", "kiosk-1")
    device, server = identity.key.public_key().public_bytes_raw(), identity.server_key.public_bytes_raw()
    between = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    assert fingerprint("kiosk-1", device, between, plain_code(code)) != words
    assert not cli.approve_device(
        central.database_url, "kiosk-1", fingerprint("kiosk-1", between, server, plain_code(code))
    )
    connection = ServerConnection(central.url, "kiosk-1", DeviceAuth(identity))
    with pytest.raises(Declined) as declined:
        connection.feed("", 0, 1)
    assert declined.value.problem.type == "awaiting-approval"
    assert cli.approve_device(central.database_url, "kiosk-1", f"  {words.replace(' ', '　')} ")
    assert connection.feed("", 0, 1).changes


@only_sqlite
def test_a_code_that_is_wrong_or_a_server_that_is_away_leaves_the_old_identity(
    central: Central, tmp_path: Path
) -> None:
    central.enrol(tmp_path, "kiosk-1")
    before = (tmp_path / "identity.json").read_bytes()
    with pytest.raises(Declined) as declined:
        enrol(central.url, "kiosk-1", "AAAAA-AAAAA", tmp_path / "identity.json", datetime.now(UTC))
    assert declined.value.problem.type == "enrolment-refused"
    with pytest.raises(Unreachable):
        enrol("http://127.0.0.1:9", "kiosk-1", "AAAAA-AAAAA", tmp_path / "identity.json", datetime.now(UTC))
    assert (tmp_path / "identity.json").read_bytes() == before


@only_sqlite
def test_a_kiosk_without_a_clock_enrols_too(central: Central, tmp_path: Path) -> None:
    cli.add_device(central.database_url, "kiosk-1", DEMO_FACILITY, "1F")
    code = cli.enrolment_code(central.database_url, "kiosk-1")
    words = enrol(central.url, "kiosk-1", code, tmp_path / "id", datetime(1970, 1, 2, tzinfo=UTC))
    assert cli.approve_device(central.database_url, "kiosk-1", words)


@only_sqlite
def test_whoever_enrols_holds_the_key(central: Central) -> None:
    """A request that another key signed, or none, does not use up the code."""
    cli.add_device(central.database_url, "kiosk-1", DEMO_FACILITY, "1F")
    code = cli.enrolment_code(central.database_url, "kiosk-1")
    key, other = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    body = {"protocol": 1, "code": code, "public_key": key.public_key().public_bytes_raw().hex()}
    auth = DeviceAuth(Identity("kiosk-1", other, other.public_key(), NOW))
    answer = requests.post(f"{central.url}/v1/devices/kiosk-1/enrolment", json=body, auth=auth, timeout=10)
    assert (answer.status_code, answer.json()["type"]) == (401, "unauthorized")
    assert claim(central.database, code, datetime.now(UTC)) is not None


# ---- the file ------------------------------------------------------------------------------------


def identity() -> Identity:
    key, server = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate().public_key()
    return Identity("kiosk-1", key, server, NOW)


def test_the_identity_is_for_its_owner_only_and_comes_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "new" / "identity.json"
    for one in (identity(), identity().with_next_key()):
        save_identity(path, one)
        assert path.stat().st_mode & 0o777 == 0o600
        again = load_identity(path, "kiosk-1")
        assert again.key.private_bytes_raw() == one.key.private_bytes_raw()
        assert again.server_key.public_bytes_raw() == one.server_key.public_bytes_raw()
        assert (again.next_key is None) == (one.next_key is None)
        assert again.due(NOW) is (one.next_key is not None)
    assert [found.name for found in path.parent.iterdir()] == ["identity.json"]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"device_id": "kiosk-1"}', "\x00", '"x"'])
def test_a_damaged_identity_says_what_to_do(tmp_path: Path, text: str) -> None:
    path = tmp_path / "identity.json"
    path.write_text(text)
    with pytest.raises(IdentityProblem, match="enrol the kiosk anew"):
        load_identity(path, "kiosk-1")
    save_identity(path, identity())
    with pytest.raises(IdentityProblem, match="of kiosk-1, not of kiosk-2"):
        load_identity(path, "kiosk-2")


def test_a_kiosk_that_is_not_enrolled_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = write_settings(tmp_path, "http://127.0.0.1:9")
    assert main(["kiosk", "rotate-key", "--settings", str(settings)]) == 2
    assert "not enrolled yet" in capsys.readouterr().err
    assert main(["kiosk", "enrol", "--settings", str(settings), "--code", "AAAAA-AAAAA"]) == 1
    assert "server-unreachable" in capsys.readouterr().err


def write_settings(folder: Path, url: str) -> Path:
    path = folder / "kiosk.toml"
    path.write_text(
        f'device_id = "kiosk-1"\nfacility_id = "{DEMO_FACILITY}"\nserver_url = "{url}"\n'
        'ward_key_file = "key"\ndata_dir = "data"\ntrust_dir = "trust"\n'
    )
    return path


@only_sqlite
def test_the_commands_from_the_first_code_to_the_end(
    central: Central, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings, database = str(write_settings(tmp_path, central.url)), ["--database", central.database_url]

    def run(*arguments: str) -> tuple[int, str]:
        capsys.readouterr()
        done = main(list(arguments))
        return done, capsys.readouterr().out.strip()

    add = ("server", "add-device", *database, "--device", "kiosk-1", "--facility", DEMO_FACILITY)
    done, code = run(*add)
    assert done == 0
    done, words = run("kiosk", "enrol", "--settings", settings, "--code", code)
    assert (done, len(words.split())) == (0, 6)
    approve = ("server", "approve-device", *database, "--device", "kiosk-1", "--words")
    assert run(*approve, "あさひ")[0] == 1
    assert run(*approve, words)[0] == 0
    assert run("kiosk", "rotate-key", "--settings", settings)[0] == 0
    assert run("kiosk", "rotate-key", "--settings", settings)[0] == 0, "by the new key"
    assert run("server", "revoke-device", *database, "--device", "kiosk-1")[0] == 0
    assert run("kiosk", "rotate-key", "--settings", settings)[0] == 1
    assert run("server", "enrolment-code", *database, "--device", "nobody")[0] == 1
    assert run("server", "enrolment-code", *database)[0] == 2


# ---- the next key --------------------------------------------------------------------------------


def auth_of(kiosk: RemoteKiosk) -> DeviceAuth:
    return kiosk.server._auth


def renew(kiosk: RemoteKiosk, folder: Path) -> None:
    rotate(kiosk.server, auth_of(kiosk), folder / "identity.json", datetime.now(UTC))


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


def test_what_was_on_its_way_when_staff_stopped_a_device_changes_nothing(database_only: Database) -> None:
    present = claim(database_only, make_code(database_only))
    assert present is not None
    key_id, following = key_id_of(present.public_key()), Ed25519PrivateKey.generate().public_key()
    with database_only.write() as conn:
        assert keys.approve(conn, "kiosk-1", keys.pending(conn, "kiosk-1").words, "saito", NOW)
        assert keys.offer(conn, "kiosk-1", key_id, following, NOW)
        keys.revoke(conn, "kiosk-1", "saito", NOW)
        assert not keys.offer(conn, "kiosk-1", key_id, Ed25519PrivateKey.generate().public_key(), NOW)
        keys.note_use(conn, "kiosk-1", key_id_of(following), NOW)
    assert states(database_only) == ["revoked", "revoked"]


@only_sqlite
def test_a_kiosk_that_the_server_does_not_know_any_more_says_so(central: Central, tmp_path: Path) -> None:
    """As after a restore from a backup of before its enrolment."""
    kiosk = central.kiosk(tmp_path)
    with central.database.write() as conn:
        conn.execute(tables.device_key.delete())
    assert not kiosk.sync()
    assert kiosk.schedule.standstill is Standstill.UNAUTHORIZED


# ---- the desk ------------------------------------------------------------------------------------


@pytest.fixture
def desk(central: Central) -> Callable[..., requests.Response]:
    session, csrf = signed_in(central)

    def call(path: str, *, forged: bool = False, **form: str) -> requests.Response:
        url = f"{central.url}/desk/kiosks{path}"
        if not form and not path.endswith(("/code", "/approve", "/refuse", "/revoke")):
            return session.get(url, timeout=10)
        data = form | {"csrf": "forged" if forged else csrf}
        return session.post(url, data=data, timeout=10, allow_redirects=not forged)

    return call


@only_sqlite
def test_staff_let_a_kiosk_in_and_stop_it(
    central: Central, desk: Callable[..., requests.Response], tmp_path: Path
) -> None:
    assert "光が丘" in desk("/add").text
    page = desk("/add", device_id="kiosk-7", facility_id=DEMO_FACILITY, name="玄関")
    assert "まだ登録されていません" in page.text
    assert desk("/add", device_id="kiosk-7", facility_id=DEMO_FACILITY).status_code == 422, "there already"
    for wrong in ("Kiosk 7", "../x", "a" * 41):
        assert desk("/add", device_id=wrong, facility_id=DEMO_FACILITY).status_code == 422
    code = re.findall(r"[0-9A-Z]{5}-[0-9A-Z]{5}", desk("/kiosk-7/code").text)[0]
    assert code not in desk("/kiosk-7").text, "shown once"
    words = enrol(central.url, "kiosk-7", code, tmp_path / "id", datetime.now(UTC))
    assert words in desk("/kiosk-7").text
    assert "登録を待っています" in desk("").text
    assert desk("/kiosk-7/approve", words="あ い う え お か").status_code == 409
    assert desk("/kiosk-7/approve", words=words, forged=True).headers["Location"] == "/desk/login"
    connection = ServerConnection(
        central.url, "kiosk-7", DeviceAuth(load_identity(tmp_path / "id", "kiosk-7"))
    )
    with pytest.raises(Declined):
        connection.feed("", 0, 1)
    assert "登録されています" in desk("/kiosk-7/approve", words=words).text
    assert connection.feed("", 0, 1).changes
    assert "saito さんが止めました" in desk("/kiosk-7/revoke").text
    assert "止めました" in desk("").text
    with pytest.raises(Declined) as declined:
        connection.feed("", 0, 1)
    assert declined.value.problem.type == "device-revoked"


@only_sqlite
def test_staff_refuse_a_kiosk_whose_words_differ(
    central: Central, desk: Callable[..., requests.Response], tmp_path: Path
) -> None:
    cli.add_device(central.database_url, "kiosk-7", DEMO_FACILITY, "玄関")
    code = cli.enrolment_code(central.database_url, "kiosk-7")
    words = enrol(central.url, "kiosk-7", code, tmp_path / "id", datetime.now(UTC))
    assert words not in desk("/kiosk-7/refuse").text
    assert not cli.approve_device(central.database_url, "kiosk-7", words)
    connection = ServerConnection(
        central.url, "kiosk-7", DeviceAuth(load_identity(tmp_path / "id", "kiosk-7"))
    )
    with pytest.raises(Declined) as declined:
        connection.feed("", 0, 1)
    assert declined.value.problem.type == "enrolment-refused"


@only_sqlite
def test_the_pages_of_one_kiosk_are_for_staff(
    central: Central, desk: Callable[..., requests.Response]
) -> None:
    for path in ("/add", "/kiosk-1"):
        answer = requests.get(f"{central.url}/desk/kiosks{path}", timeout=10, allow_redirects=False)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/desk/login")
    for path in ("/add", "/kiosk-1/code", "/kiosk-1/approve", "/kiosk-1/refuse", "/kiosk-1/revoke"):
        form = {"device_id": "x", "facility_id": "x", "words": "x"}
        answer = requests.post(
            f"{central.url}/desk/kiosks{path}", data=form, timeout=10, allow_redirects=False
        )
        assert (answer.status_code, answer.headers["Location"]) == (303, "/desk/login")
    assert desk("/nobody").status_code == 404
    assert desk("/nobody/code").status_code == 404
