"""The packages that scripts/package made, installed and used on a bare Debian 12, and removed again."""

from __future__ import annotations

import json
import os
import re
import shlex
import zipfile
from pathlib import Path

import pytest
from clean_root import CHECKOUT, CleanRoot
from rawlsp import Server, opened, request

PACKAGES = Path(os.environ.get("LACUNA_PACKAGES", CHECKOUT / "build/packages"))
BROKEN = "def total(items):\n    return sum(item.price for item in items\n\nprint(total([]))\n"


def package(pattern: str) -> Path:
    found = sorted(PACKAGES.glob(pattern))
    assert len(found) == 1, f"{PACKAGES} holds {len(found)} files {pattern}; run scripts/package"
    return found[0]


class Installed:
    """One package, installed in a root of its own."""

    def __init__(self, root: CleanRoot, prefix: str):
        self.root = root
        self.prefix = prefix  # /usr, or where the archive was unpacked
        self.program = f"{prefix}/bin/lacuna"

    def read(self, path: str) -> str:
        return self.root.run("cat", f"{self.prefix}/{path}")


def install_archive(root: CleanRoot) -> Installed:
    archive = package("lacuna-*.tar.gz")
    root.bring(archive, "/tmp/lacuna.tar.gz")
    root.run("tar", "xzf", "/tmp/lacuna.tar.gz")
    return Installed(root, f"/home/dev/{archive.name.removesuffix('.tar.gz')}")


def install_debian(root: CleanRoot) -> Installed:
    root.bring(package("lacuna_*.deb"), "/tmp/lacuna.deb")
    root.run("apt-get", "install", "-q", "-y", "/tmp/lacuna.deb", user="root", environment={"DEBIAN_FRONTEND": "noninteractive"})
    return Installed(root, "/usr")


INSTALL = {"archive": install_archive, "debian": install_debian}


@pytest.fixture(scope="module", params=list(INSTALL))
def installed(request):
    root = CleanRoot.copy_of_base(request.param)
    yield INSTALL[request.param](root)
    root.remove()


@pytest.fixture(scope="module")
def model(installed) -> str:
    folder = os.environ.get("LACUNA_TEST_MODELS")
    if not folder:
        pytest.skip("LACUNA_TEST_MODELS is not set")
    installed.root.bring((Path(folder) / "smollm2-135m.gguf").resolve(), "/home/dev/.cache/lacuna/models/smollm2-135m.gguf")
    installed.root.run("chown", "dev:dev", "/home/dev/.cache", "/home/dev/.cache/lacuna", "/home/dev/.cache/lacuna/models", user="root")
    return "smollm2-135m"


def test_the_program_tells_the_version_of_the_package(installed):
    version = installed.root.run(installed.program, "--version").split()[-1]
    assert package("lacuna-*.tar.gz").name.startswith(f"lacuna-{version}-")
    assert package("lacuna_*.deb").name.startswith(f"lacuna_{version}_")


def test_every_library_is_found_and_only_the_archive_brings_its_own(installed):
    libraries = installed.root.run("ldd", installed.program)
    assert "not found" not in libraries
    own = [line for line in libraries.splitlines() if "/lib/lacuna/" in line]
    assert (own == []) == (installed.prefix == "/usr"), libraries


def test_doctor_knows_that_only_the_model_is_missing(installed):
    outcome = installed.root.try_run(installed.program, "doctor", "--model", "qwen2.5-coder-1.5b", "--json")
    report = json.loads(outcome.stdout)
    broken = {finding["subject"] for finding in report["findings"] if finding["health"] == "problem"}
    assert outcome.returncode == 1
    assert broken == {"pip", "model"}, report  # a bare Debian has no pip to fetch it with
    assert all(finding["mend"] for finding in report["findings"] if finding["health"] == "problem")


def test_a_broken_file_is_mended(installed):
    installed.root.write("/home/dev/broken.py", BROKEN, user="dev")
    installed.root.run(installed.program, "repair", "--write", "broken.py")
    assert installed.root.run("cat", "broken.py").splitlines()[1] == "    return sum(item.price for item in items)"


def test_all_fourteen_grammars_are_inside(installed):
    report = json.loads(installed.root.try_run(installed.program, "doctor", "--json").stdout)
    languages = next(finding for finding in report["findings"] if finding["subject"] == "languages")
    assert languages["health"] == "good" and re.match(r"\d+", languages["text"])[0] == "14", languages


def test_a_model_writes_code(installed, model):
    installed.root.write("/home/dev/shop.py", "def add(a, b):\n    return \n\nprint(add(1, 2))\n", user="dev")
    answer = json.loads(installed.root.run(installed.program, "complete", "--json", "--model", model, "shop.py:2:12"))
    assert answer["items"] and answer["items"][0]["text"].strip(), answer
    assert json.loads(installed.root.run(installed.program, "doctor", "--json", "--model", model))["ok"]


def test_an_editor_gets_ghost_text_and_a_quick_fix(installed, model, monkeypatch):
    monkeypatch.setenv("LACUNA_SERVER", shlex.join(installed.root.command(installed.program, "lsp")))
    server = Server(model=model).start({"textDocument": {"codeAction": {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["quickfix"]}}}}})
    server.send(opened("file:///a.py", "python", "def add(a, b):\n    return \n"), opened("file:///b.py", "python", BROKEN))
    marks = server.until(lambda m: m.get("method") == "textDocument/publishDiagnostics" and m["params"]["uri"] == "file:///b.py"
                         and m["params"]["diagnostics"])["params"]["diagnostics"]
    server.send(request(1, "textDocument/codeAction", {
        "textDocument": {"uri": "file:///b.py"}, "range": marks[0]["range"], "context": {"diagnostics": marks}}))
    assert any(action["kind"] == "quickfix" for action in server.reply(1)["result"])
    server.send(request(2, "textDocument/inlineCompletion", {
        "textDocument": {"uri": "file:///a.py"}, "position": {"line": 1, "character": 11}, "context": {"triggerKind": 1}}))
    items = server.reply(2, 60)["result"]
    assert (items["items"] if isinstance(items, dict) else items)[0]["insertText"]
    server.leave()


def test_fetching_from_an_address_without_libcurl_says_what_to_install(installed):
    outcome = installed.root.try_run(installed.program, "model", "pull", "--url", "https://example.org/m.gguf", "--sha256", "0" * 64, "--name", "m")
    assert outcome.returncode == 3
    assert "libcurl" in outcome.stderr and "apt install libcurl4" in outcome.stderr


def test_bash_completes_commands_options_and_values(installed):
    script = f"""
        . {installed.prefix}/share/bash-completion/completions/lacuna
        try() {{ COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _lacuna 2>/dev/null; echo "${{COMPREPLY[@]}}"; }}
        try lacuna rep; try lacuna model p; try lacuna lsp --is; try lacuna lsp --isa sc; try lacuna completions ''
    """
    lines = installed.root.run("bash", "-c", script).splitlines()
    assert lines[:4] == ["repair", "pull", "--isa", "scalar"]
    assert {"bash", "zsh", "fish"} <= set(lines[4].split())


def test_fish_completes_commands_options_and_values(installed):
    folder = f"{installed.prefix}/share/fish/vendor_completions.d"
    ask = lambda line: installed.root.run("fish", "-c", f"source {folder}/lacuna.fish; complete -C {shlex.quote(line)}")
    assert "repair\tMend syntax errors" in ask("lacuna rep")
    assert ask("lacuna model p").startswith("pull\t")
    assert "--isa\t" in ask("lacuna lsp --is")
    assert [line.split("\t")[0] for line in ask("lacuna lsp --isa sc").splitlines()] == ["scalar"]


def test_zsh_loads_its_completions(installed):
    place = "vendor-completions" if installed.prefix == "/usr" else "site-functions"
    loaded = installed.root.run("zsh", "-fc", f"fpath=({installed.prefix}/share/zsh/{place} $fpath); autoload -Uz compinit && "
                                "compinit -u -d ~/.zcompdump-test && echo $_comps[lacuna] && autoload +X _lacuna && echo loaded")
    installed.root.run("rm", "-f", ".zcompdump-test")
    assert loaded.split() == ["_lacuna", "loaded"]


def test_the_manual_page_is_well_formed_and_names_every_command(installed):
    page = f"{installed.prefix}/share/man/man1/lacuna.1.gz"
    outcome = installed.root.try_run("sh", "-c", f"zcat {page} | groff -man -Tutf8 -ww -z && zcat {page} | groff -man -Tascii -P-cbou")
    assert outcome.returncode == 0 and outcome.stderr == ""
    helped = installed.root.run(installed.program, "--help")
    commands = re.findall(r"^  ([a-z]+) ", helped[helped.index("Subcommands:"):], re.MULTILINE)
    assert len(commands) >= 10
    for command in commands:
        assert f"lacuna {command}" in outcome.stdout, command


def test_the_licences_of_what_is_inside_are_there(installed):
    notices = installed.read("share/doc/lacuna/THIRD-PARTY-NOTICES")
    for work in ["tree-sitter ", "tree-sitter-python ", "nlohmann-json3 ", "cli11 ", "fmtlib ", "spdlog ", "libuv1 ", "libzip ", "openssl "]:
        assert f"\n  {work}" in notices, work
    assert "Apache License" in installed.read("share/doc/lacuna/LICENSE")
    assert "Permission is hereby granted, free of charge" in notices


def test_the_extension_holds_the_licences_of_what_is_bundled_into_it():
    with zipfile.ZipFile(package("lacuna-linux-x64-*.vsix")) as extension:
        notices = extension.read("extension/THIRD-PARTY-NOTICES").decode()
    wanted = json.loads((CHECKOUT / "vscode-extension/package.json").read_text())["dependencies"]
    for name in [*wanted, "vscode-languageserver-protocol", "vscode-jsonrpc", "minimatch", "semver"]:
        assert re.search(rf"^{name} [0-9.]+$", notices, re.MULTILINE), name
    assert "\n  tree-sitter-python " in notices, "and of the server inside"


def test_removing_a_debian_package_leaves_nothing():
    root = CleanRoot.copy_of_base("removal")
    before = root.files()
    install_debian(root)
    assert "/usr/bin/lacuna" in root.files()
    root.run("apt-get", "purge", "--auto-remove", "-q", "-y", "lacuna", user="root")
    left = root.files() - before
    root.remove()
    assert left == set()


def test_an_archive_can_be_moved_and_writes_nothing_outside_its_folder_but_the_cache():
    root = CleanRoot.copy_of_base("moved")
    before = root.files()
    installed = install_archive(root)
    root.run("mv", installed.prefix, "/home/dev/another place")
    program = "/home/dev/another place/bin/lacuna"
    assert root.run(program, "--version").startswith("lacuna ")
    root.write("/home/dev/broken.py", BROKEN, user="dev")
    root.run(program, "repair", "--write", "broken.py")
    root.run("rm", "-r", "/home/dev/another place", "broken.py")
    left = root.files() - before
    root.remove()
    assert {path for path in left if not path.startswith("/home/dev/.cache")} == set()
