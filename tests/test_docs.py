"""What the documents tell people to type, typed."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import psycopg
import pytest

from kiosk.settings import SettingsError, load_settings
from main import _parser, main
from server.api.contract import openapi
from server.api.problems import ProblemError
from sync.protocol import ProblemType

ROOT = Path(__file__).parents[1]
DOCUMENTS = ("docs/kiosk.md", "docs/protocol.md", "README.md")


def blocks(name: str, language: str) -> list[str]:
    text = (ROOT / name).read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def test_the_server_commands_of_the_handbook(tmp_path: Path) -> None:
    script = blocks("docs/kiosk.md", "sh")[0].splitlines()
    program = f"{sys.executable} -m main"
    for line in script:
        if " run " in line:
            continue  # runs for ever; tests/journeys starts it
        command = line.replace("machikado", program, 1).replace(
            "sqlite:///server.db", f"sqlite:///{tmp_path}/s.db"
        )
        done = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        if "set-rules" in line:
            assert done.stdout == "version 1, valid from 2027-04-01\n"
        if "add-device" in line:
            assert re.fullmatch(r"\w{5}-\w{5}\n", done.stdout), "the one-time code is printed"


def test_the_commands_for_whole_databases(
    tmp_path: Path, postgres: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with psycopg.connect(postgres, autocommit=True) as conn:
        conn.execute("CREATE DATABASE machikado")
    script = next(block for block in blocks("docs/kiosk.md", "sh") if "migrate-store" in block)
    assert main(["server", "migrate", "--database", "sqlite:///server.db"]) == 0
    for line in script.splitlines():
        moved = line.replace("postgresql://user@host/machikado", f"{postgres.rsplit('/', 1)[0]}/machikado")
        assert main(shlex.split(moved)[1:]) == 0, capsys.readouterr().err
    assert {path.name for path in tmp_path.iterdir()} == {
        "server.db",
        "restored.db",
        "server-2027-04-01.backup",
    }


def test_every_command_of_the_documents_exists() -> None:
    lines = [line for name in DOCUMENTS for block in blocks(name, "sh") for line in block.splitlines()]
    commands = [line[line.index("machikado ") :].split(" > ")[0] for line in lines if "machikado " in line]
    assert len(commands) > 15
    for command in commands:
        assert _parser().parse_args(shlex.split(command, comments=True)[1:]).run, command


def test_the_protocol_document_names_every_address_and_every_problem() -> None:
    text = (ROOT / "docs/protocol.md").read_text(encoding="utf-8")
    for path, item in openapi()["paths"].items():
        assert all(f"`{method.upper()} {path}`" in text for method in item), path
    named = re.findall(r"^\| `([a-z-]+)` \| (\d+) \|", text, re.MULTILINE)
    assert {kind: int(status) for kind, status in named} == {
        kind.value: ProblemError(kind).problem.status for kind in ProblemType
    }


def test_the_settings_of_the_handbook_are_read(tmp_path: Path) -> None:
    (tmp_path / "kiosk.toml").write_text(blocks("docs/kiosk.md", "toml")[0], encoding="utf-8")
    settings = load_settings(tmp_path / "kiosk.toml")
    assert settings.identity == Path("/var/lib/machikado/identity.json")
    assert settings.database == Path("/var/lib/machikado/kiosk.db")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("device_id = ", "not valid TOML"),
        ('device_id = "Kiosk 1"', "device_id"),
        ('device_id = "k"\ncolour = "red"', "facility_id"),
    ],
)
def test_wrong_settings_say_what_is_wrong(
    tmp_path: Path, text: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "kiosk.toml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=said):
        load_settings(path)
    assert main(["kiosk", "--settings", str(path)]) == 2
    assert said in capsys.readouterr().err
    assert main(["kiosk", "--settings", str(tmp_path / "none.toml")]) == 2
    assert "no such file" in capsys.readouterr().err


def test_the_readme_shows_what_exists() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)h#][^)]*)\)", text):
        assert (ROOT / link).exists(), link
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"make ([a-z]+)", text)) <= targets


def test_the_lock_holds_all_that_is_declared() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*declared["dependencies"], *declared["optional-dependencies"]["dev"]]
    locked = set(re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements.lock").read_text(), re.MULTILINE))
    for requirement in wanted:
        name = re.split(r"[\[><=]", requirement)[0].lower()
        assert name in locked, name
    assert "://" not in (ROOT / "requirements.lock").read_text(), "no host is pinned"


def test_no_rule_lives_outside_the_domain() -> None:
    """Refusals are decided in `kiosk/` only: nobody else makes one."""
    for folder in ("ui", "server", "sync", "drivers"):
        for path in (ROOT / folder).rglob("*.py"):
            assert not re.search(r"\bRefused\(", path.read_text()), path
