"""How a kiosk comes to be known: code, key, words, approval; the next key; the end of one."""

from __future__ import annotations

import re
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select

from main import main
from server import cli
from server.identity import keys
from server.store import tables
from server.store.database import Database
from sync.enrolment import enrol
from sync.fingerprint import WORDS, fingerprint, new_code, plain_code
from sync.http import Declined, ServerConnection, Unreachable
from sync.identity import DeviceAuth, Identity, IdentityProblem, load_identity, save_identity
from tests.conftest import Central
from tests.server.enrolling import NOW, claim, make_code, only_sqlite, states, write_settings
from virtual.ward import DEMO_FACILITY

# ---- the code ------------------------------------------------------------------------------------


def test_a_code_is_good_once_for_ten_minutes_and_not_kept(known: Database) -> None:
    code = make_code(known)
    with known.read() as conn:
        kept = str(conn.execute(select(tables.enrolment_code)).one())
    assert code not in kept
    assert plain_code(code) not in kept
    assert claim(known, code.lower().replace("-", " ")) is not None, "as people type it"
    assert claim(known, code) is None, "a second time"
    late = make_code(known)
    assert claim(known, late, NOW + timedelta(minutes=10, seconds=1)) is None
    assert claim(known, late, NOW + timedelta(minutes=9)) is not None
    older, newer = make_code(known), make_code(known)
    assert claim(known, older) is None, "the newest counts"
    assert claim(known, newer) is not None
    assert states(known) == ["pending", "refused", "refused"], "only one waits"


def test_of_many_who_know_a_code_at_once_one_gets_in(known: Database) -> None:
    code, start = make_code(known), threading.Barrier(4)
    taken: list[bool] = []

    def hurry() -> None:
        start.wait()
        taken.append(claim(known, code) is not None)

    threads = [threading.Thread(target=hurry) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == [False, False, False, True]
    assert states(known) == ["pending"]


def test_a_code_cannot_be_tried_out(known: Database) -> None:
    code = make_code(known)
    for _ in range(keys.MAX_WRONG):
        assert claim(known, new_code()) is None
    assert claim(known, code) is None
    assert states(known) == []
    assert claim(known, make_code(known)) is not None


def test_a_code_is_of_one_device(known: Database) -> None:
    with known.write() as conn:
        keys.add_device(conn, "kiosk-2", DEMO_FACILITY, "2F")
        other = keys.make_code(conn, "kiosk-2", NOW)
    make_code(known)
    assert claim(known, other) is None
    with known.write() as conn, pytest.raises(keys.NoSuchDevice):
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
