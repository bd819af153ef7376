"""What is shipped works: the configuration, each line of it that is commented out, and each example of its README."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from monitor.config import init_files, json_schema, load, warnings, write_init
from monitor.config.schema import INNER, PARTS, keys_of
from monitor.config.settings import FolderSettings
from monitor.errors import UsageError

CHECKOUT = Path(__file__).parents[2]
SHIPPED = CHECKOUT / "config"
README = (SHIPPED / "README.md").read_text("utf-8")
FRONT = (CHECKOUT / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", README + FRONT, re.DOTALL | re.MULTILINE)
YAML = [text for language, _, text in BLOCKS if language == "yaml"]
SECRETS = {"SLACK_TOKEN": "xoxb-1", "TELEGRAM_URL": "tgram://1/2"}


def _switched_on(text: str) -> str:
    """Take the `# ` from lines that are commented-out YAML: a key, or an entry."""
    return re.sub(r"(?m)^( *)# ((?:  )*(?:- )?(?:[a-z_]+:(?: |$)|https://))", r"\1\2", text)


def test_the_shipped_configuration_loads_and_gives_no_reason_to_warn() -> None:
    settings = load(SHIPPED, environ={})
    assert [w for w in warnings(settings) if "seeds" not in w] == []


def test_it_reads_the_seeds_and_tells_the_terminal() -> None:
    settings = load(SHIPPED, environ={})
    (seeds,) = settings.sources
    assert isinstance(seeds, FolderSettings)
    assert (seeds.path, seeds.alert_backlog.everything) == (CHECKOUT / "seeds", True)
    assert {w.tell for w in settings.watchlist.watches} == {("terminal",)}


@pytest.mark.parametrize(
    "name", ["monitor.yaml", "sources.yaml", "watchlists/people.yaml", "watchlists/organisations.yaml"]
)
def test_what_is_commented_out_works_when_it_is_switched_on(name: str, config: Any) -> None:
    config.environ = SECRETS
    config.write("smtp-password.txt", "secret\n")
    config.write("watchlists/members-of-parliament.csv", "name\nAnna Example\n")
    for path in ("monitor.yaml", "sources.yaml", "watchlists/people.yaml", "watchlists/organisations.yaml"):
        config.write(path, _switched_on((SHIPPED / path).read_text("utf-8")))
    config.write("watchlists/mine.yaml", "actors: [Somebody Else]\n")
    config.load()
    assert (config.folder / name).read_text("utf-8") != (SHIPPED / name).read_text("utf-8")


@pytest.mark.parametrize("text", YAML, ids=lambda t: t.split("\n")[0])
def test_an_example_of_the_readme_loads(text: str, config: Any) -> None:
    name = text.split("\n")[0].removeprefix("# ")
    (config.folder / "watchlists/mine.yaml").unlink()
    config.write("watchlists/z.yaml", "actors: [Somebody Else]\n")
    for _, file, content in BLOCKS:
        if file:
            config.write(f"watchlists/{file}", content)
    for secret, value in {"smtp": "x", "telegram": "tgram://1/2"}.items():
        config.write(f"credentials/{secret}", value)
    config.credentials, config.environ = config.folder / "credentials", SECRETS
    config.write(name, text)
    config.load()


@pytest.mark.parametrize("model", [*PARTS.values(), *INNER.values()], ids=lambda m: m.__name__)
def test_the_readme_documents_every_key(model: Any) -> None:
    documented = set(re.findall(r"^\| `(\w+)` \|", README, re.MULTILINE))
    assert set(keys_of(model)) <= documented


@pytest.mark.parametrize("part", PARTS)
def test_the_schema_beside_the_files_is_the_one_that_the_program_prints(part: Any) -> None:
    shipped = (SHIPPED / "schema" / f"{part}.schema.json").read_text("utf-8")
    assert shipped == json.dumps(json_schema(part), ensure_ascii=False, indent=2) + "\n"


@pytest.mark.parametrize("path", sorted(SHIPPED.rglob("*.yaml")), ids=lambda p: p.name)
def test_each_file_points_editors_at_its_schema(path: Path) -> None:
    found = re.match(r"# yaml-language-server: \$schema=(\S+)\n", path.read_text("utf-8"))
    assert found is not None
    assert (path.parent / found[1]).is_file()


@pytest.mark.parametrize("target", ["local", "elsewhere/deep/mine"])
def test_a_configuration_of_ones_own_reads_the_same_seeds_and_schemas(target: str, tmp_path: Path) -> None:
    place = tmp_path / target
    written = write_init(place, CHECKOUT)
    (seeds,) = load(place, environ={}).sources
    assert seeds.id == str(CHECKOUT / "seeds")
    for path in written:
        found = re.match(r"# yaml-language-server: \$schema=(\S+)\n", path.read_text("utf-8"))
        assert found is not None
        assert (path.parent / found[1]).is_file()


def test_a_configuration_inside_the_checkout_names_the_seeds_from_there() -> None:
    files = init_files(CHECKOUT / "local", CHECKOUT)
    assert "path: ../seeds\n" in files["sources.yaml"]
    assert "$schema=../../config/schema/watchlist.schema.json" in files["watchlists/people.yaml"]


def test_a_configuration_elsewhere_names_the_seeds_by_their_whole_path(tmp_path: Path) -> None:
    assert f"path: {CHECKOUT / 'seeds'}\n" in init_files(tmp_path, CHECKOUT)["sources.yaml"]


def test_a_service_s_configuration_points_to_the_copy_that_it_runs(tmp_path: Path) -> None:
    files = init_files(tmp_path, CHECKOUT, Path("/opt/monitor/current"))
    assert "path: /opt/monitor/current/seeds\n" in files["sources.yaml"]
    assert str(CHECKOUT) not in "".join(files.values())


def test_init_overwrites_nothing_and_writes_nothing_then(tmp_path: Path) -> None:
    (tmp_path / "sources.yaml").write_text("mine")
    with pytest.raises(UsageError, match=r"nothing was written, because there is already .*sources\.yaml"):
        write_init(tmp_path, CHECKOUT)
    assert [p.name for p in tmp_path.iterdir()] == ["sources.yaml"]
    assert (tmp_path / "sources.yaml").read_text() == "mine"
