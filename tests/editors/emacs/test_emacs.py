"""A real Emacs with eglot and with lsp-mode, in batch mode. The tests themselves are in lacuna-test.el."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from shared import root, server_command

here = Path(__file__).parent
TESTS = re.findall(r"^\(ert-deftest (\S+)", (here / "lacuna-test.el").read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("client", ["eglot", "lsp-mode"])
@pytest.mark.parametrize("test", TESTS)
def test_emacs(test, client, project, model):
    emacs = shutil.which("emacs")
    assert emacs, "emacs is missing: run scripts/setup"
    command = " ".join(f'"{part}"' for part in [*server_command(), "--model", str(model)])
    # Not -Q: it hides the folder of Debian's elpa packages.
    outcome = subprocess.run(
        [emacs, "-q", "--batch", "-L", str(root / "editors" / "emacs"), "-l", str(here / "lacuna-test.el"),
         "--eval", f"(ert-run-tests-batch-and-exit '(member {test}))"],
        env={**os.environ, "HOME": str(project.parent), "LACUNA_CLIENT": client, "LACUNA_PROJECT": str(project), "LACUNA_COMMAND": f"({command})"},
        capture_output=True, text=True, timeout=240, check=False)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert "1 results as expected" in outcome.stdout + outcome.stderr


def test_lacuna_el_compiles_without_a_warning(tmp_path):
    source = tmp_path / "lacuna.el"
    shutil.copy(root / "editors" / "emacs" / "lacuna.el", source)
    outcome = subprocess.run(["emacs", "-Q", "--batch", "--eval", "(setq byte-compile-error-on-warn t)", "-f", "batch-byte-compile", str(source)],
                             capture_output=True, text=True, timeout=120, check=False)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
