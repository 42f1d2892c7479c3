import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import pytest

from neovim import Neovim


@pytest.fixture
def neovim(project, request):
    """Starts Neovims that are ended with the test: neovim(options) -> Neovim."""
    started = []

    def start(options: str = "", with_model: bool = True, **rest) -> Neovim:
        editor = Neovim(project, request.getfixturevalue("model") if with_model else None, options, **rest)
        started.append(editor)
        return editor

    yield start
    for editor in started:
        editor.close()
