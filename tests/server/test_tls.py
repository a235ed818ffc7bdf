"""TLS with one pinned authority: whoever cannot show its certificate gets not a byte of ours."""

from __future__ import annotations

import logging
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kiosk.codes import Standstill
from kiosk.settings import SettingsError, load_settings
from server import cli
from server.settings import ServerSettings
from sync.enrolment import enrol
from sync.http import ServerConnection, Unreachable, Untrusted
from sync.identity import DeviceAuth, load_identity
from tests.conftest import Central, RemoteKiosk, serving
from tests.server.authority import DAY, Authority
from tests.server.house import stranger

HOURS = timedelta(hours=2)


@pytest.fixture
def ward_ca(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


class Listener:
    """Speaks TLS with a certificate, and keeps whatever it is told after that."""

    def __init__(self, certificate: Path, key: Path) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate, key)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.heard: list[bytes] = []
        self.done = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        plain, _ = self._socket.accept()
        plain.settimeout(10)
        try:
            with self._context.wrap_socket(plain, server_side=True) as line:
                self.heard.append(line.recv(1 << 16))
        except (ssl.SSLError, OSError):
            self.heard.append(b"")
        self.done.set()

    def close(self) -> None:
        self._socket.close()


@contextmanager
def listening(certificate: tuple[Path, Path]) -> Iterator[Listener]:
    listener = Listener(*certificate)
    yield listener
    listener.close()


def certificates(folder: Path, ward_ca: Authority) -> dict[str, tuple[Path, Path]]:
    stranger_ca = Authority(folder, "Another CA")
    return {
        "server-certificate-unknown": stranger_ca.issue("unknown"),
        "server-certificate-other-host": ward_ca.issue("other-host", host="127.0.0.2"),
        "server-certificate-expired": ward_ca.issue("expired", start=-DAY, end=-HOURS),
        "server-certificate-not-yet-valid": ward_ca.issue("early", start=HOURS, end=DAY),
    }


CODES = (
    "server-certificate-unknown",
    "server-certificate-other-host",
    "server-certificate-expired",
    "server-certificate-not-yet-valid",
)


@pytest.mark.parametrize("code", CODES)
def test_a_certificate_that_does_not_fit_ends_it_before_a_byte_is_sent(
    tmp_path: Path, ward_ca: Authority, code: str
) -> None:
    with listening(certificates(tmp_path, ward_ca)[code]) as listener:
        connection = ServerConnection(
            f"https://127.0.0.1:{listener.port}", "kiosk-1", stranger("kiosk-1"), ward_ca.pem
        )
        with pytest.raises(Untrusted) as untrusted:
            connection.feed("", 0, 1)
        assert untrusted.value.code == code
        assert listener.done.wait(10)
        assert listener.heard == [b""]


def test_a_code_is_not_given_to_a_stranger_either(tmp_path: Path, ward_ca: Authority) -> None:
    with listening(Authority(tmp_path, "Another CA").issue("unknown")) as listener:
        url = f"https://127.0.0.1:{listener.port}"
        with pytest.raises(Untrusted):
            enrol(url, "kiosk-1", "AAAAA-AAAAA", tmp_path / "id", datetime.now(UTC), ward_ca.pem)
        assert listener.done.wait(10)
        assert listener.heard == [b""]
    assert not (tmp_path / "id").exists()


def test_a_server_without_tls_is_not_taken_for_one_with_it(tmp_path: Path, ward_ca: Authority) -> None:
    with socket.create_server(("127.0.0.1", 0)) as plain:
        threading.Thread(
            target=lambda: plain.accept()[0].sendall(b"HTTP/1.1 200 OK\r\n\r\n"), daemon=True
        ).start()
        url = f"https://127.0.0.1:{plain.getsockname()[1]}"
        connection = ServerConnection(url, "kiosk-1", stranger("kiosk-1"), ward_ca.pem)
        with pytest.raises((Untrusted, Unreachable)):
            connection.feed("", 0, 1)


@pytest.fixture
def secure(tmp_path: Path, ward_ca: Authority) -> Iterator[tuple[str, str]]:
    """Database and address of a central server with a certificate of the ward's."""
    database = f"sqlite:///{tmp_path / 'server.db'}"
    cli.migrate(database)
    cli.add_device(database, "kiosk-1", "hikarigaoka", "1F")
    server, thread, url = serving(ServerSettings(database), ward_ca.issue("server"))
    yield database, url
    server.should_exit = True
    thread.join()


def test_with_the_right_certificate_everything_works_and_no_other_authority_counts(
    tmp_path: Path, ward_ca: Authority, secure: tuple[str, str]
) -> None:
    database, url = secure
    assert url.startswith("https://")
    code = cli.enrolment_code(database, "kiosk-1")
    words = enrol(url, "kiosk-1", code, tmp_path / "id", datetime.now(UTC), ward_ca.pem)
    assert cli.approve_device(database, "kiosk-1", words)
    auth = DeviceAuth(load_identity(tmp_path / "id", "kiosk-1"))
    assert ServerConnection(url, "kiosk-1", auth, ward_ca.pem).feed("", 0, 1).epoch
    for ca in (Authority(tmp_path, "Another CA").pem, None):
        with pytest.raises(Untrusted) as untrusted:
            ServerConnection(url, "kiosk-1", auth, ca).feed("", 0, 1)
        assert untrusted.value.code == "server-certificate-unknown"
    with pytest.raises(Untrusted) as untrusted:
        ServerConnection(url.replace("127.0.0.1", "localhost"), "kiosk-1", auth, ward_ca.pem).feed("", 0, 1)
    assert untrusted.value.code == "server-certificate-other-host"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_kiosk_says_it_calmly_and_the_log_says_which(
    central: Central, kiosk: RemoteKiosk, tmp_path: Path, ward_ca: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    with listening(certificates(tmp_path, ward_ca)["server-certificate-expired"]) as listener:
        url = f"https://127.0.0.1:{listener.port}"
        kiosk.schedule._server = ServerConnection(url, "kiosk-1", kiosk.server._auth, ward_ca.pem)
        with caplog.at_level(logging.INFO):
            assert not kiosk.sync()
    assert "server-certificate-expired: nothing was sent" in caplog.text
    assert kiosk.schedule.standstill is Standstill.SERVER_UNPROVEN


@pytest.mark.parametrize(
    ("url", "pem", "said"),
    [
        ("http://127.0.0.1:8720", "good", "begins with https://"),
        ("https://127.0.0.1:8720", "none", "no certificate in PEM"),
        ("https://127.0.0.1:8720", "garbage", "no certificate in PEM"),
        ("https://127.0.0.1:8720", "good", None),
    ],
)
def test_a_pinned_authority_that_could_not_protect_is_said_at_once(
    tmp_path: Path, ward_ca: Authority, url: str, pem: str, said: str | None
) -> None:
    (tmp_path / "garbage").write_text("garbage")
    file = {"good": ward_ca.pem, "none": tmp_path / "none", "garbage": tmp_path / "garbage"}[pem]
    path = tmp_path / "kiosk.toml"
    path.write_text(
        f'device_id = "kiosk-1"\nfacility_id = "x"\nserver_url = "{url}"\nserver_ca = "{file.name}"\n'
        'ward_key_file = "key"\ndata_dir = "data"\ntrust_dir = "trust"\n'
    )
    if said is None:
        assert load_settings(path).server_ca == ward_ca.pem
    else:
        with pytest.raises(SettingsError, match=said):
            load_settings(path)
