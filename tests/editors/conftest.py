"""Fixtures of the terminal editors' tests. LACUNA_TEST_MODELS is the folder of the models; tests that need one are skipped only
where that variable is unset.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def model() -> Path:
    folder = os.environ.get("LACUNA_TEST_MODELS")
    if not folder:
        pytest.skip("LACUNA_TEST_MODELS is not set")
    path = Path(folder) / "smollm2-135m.gguf"
    assert path.exists(), f"{path} is missing: run `lacuna model pull smollm2-135m`"
    return path


@pytest.fixture
def project(tmp_path) -> Path:
    """An empty folder for a test's files."""
    folder = tmp_path / "project"
    (folder / ".git").mkdir(parents=True)
    return folder
