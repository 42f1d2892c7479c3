"""A terminal without a screen (tmux), for what only a terminal shows, and pictures of it."""

from __future__ import annotations

import html
import os
import re
import shutil
import subprocess
from pathlib import Path

from shared import root

PICTURES = root / "build" / "test-results" / "pictures"
COLUMNS, ROWS = 88, 16
SGR = re.compile(r"\x1b\[([0-9;]*)m")
BASIC = ["#1e1e1e", "#cd5c5c", "#6a9955", "#d7ba7d", "#569cd6", "#c586c0", "#4ec9b0", "#d4d4d4"]


class Terminal:
    def __init__(self, name: str, command: list[str], environment: dict[str, str]):
        self.name = name
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", str(COLUMNS), "-y", str(ROWS), "env",
                  *(f"{key}={value}" for key, value in environment.items()), *command)
        self.tmux("set-option", "-g", "escape-time", "0")

    def tmux(self, *arguments: str) -> str:
        return subprocess.run(["tmux", "-u", "-L", self.name, *arguments], check=True, capture_output=True, text=True,
                              env={**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}).stdout

    def keys(self, *keys: str) -> None:
        self.tmux("send-keys", *keys)

    def screen(self, colours: bool = False) -> str:
        return self.tmux("capture-pane", "-p", *(["-e"] if colours else []))

    def cursor_column(self) -> int:
        return int(self.tmux("display-message", "-p", "#{cursor_x}"))

    def close(self) -> None:
        subprocess.run(["tmux", "-L", self.name, "kill-server"], check=False, capture_output=True)

    def picture(self, path: Path) -> None:
        """The screen as HTML and, if a browser is here, as PNG."""
        path.parent.mkdir(parents=True, exist_ok=True)
        page = path.with_suffix(".html")
        page.write_text(to_html(self.screen(colours=True)), encoding="utf-8")
        browser = shutil.which("chromium")
        if browser:
            subprocess.run([browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--screenshot={path}",
                            "--window-size=800,330", page.as_uri()], check=True, capture_output=True, timeout=120)


def colour(parts: list[int]) -> str:
    """Of `38;5;N` or `38;2;R;G;B`, after the 38."""
    if parts[0] == 2:
        return "#{:02x}{:02x}{:02x}".format(*parts[1:4])
    number = parts[1]
    if number < 16:
        return BASIC[number % 8] if number != 8 else "#808080"
    if number >= 232:
        grey = 8 + 10 * (number - 232)
        return f"#{grey:02x}{grey:02x}{grey:02x}"
    levels = [0, 95, 135, 175, 215, 255]
    number -= 16
    return "#{:02x}{:02x}{:02x}".format(levels[number // 36], levels[number // 6 % 6], levels[number % 6])


def apply(codes: str, style: dict[str, str]) -> dict[str, str]:
    numbers = [int(code or 0) for code in codes.split(";")]
    style = dict(style)
    while numbers:
        number = numbers.pop(0)
        if number == 0:
            style = {}
        elif number == 1:
            style["font-weight"] = "bold"
        elif number == 4:
            style["text-decoration"] = "underline"
        elif number in (38, 48):
            style["color" if number == 38 else "background"] = colour(numbers)
            del numbers[:4 if numbers[0] == 2 else 2]
        elif 30 <= number <= 37 or 90 <= number <= 97:
            style["color"] = BASIC[number % 10]
        elif 40 <= number <= 47:
            style["background"] = BASIC[number % 10]
        elif number in (39, 49):
            style.pop("color" if number == 39 else "background", None)
    return style


def to_html(screen: str) -> str:
    parts, style, at = [], {}, 0
    for code in SGR.finditer(screen):
        parts.append(span(screen[at:code.start()], style))
        style, at = apply(code.group(1), style), code.end()
    parts.append(span(screen[at:], style))
    return ("<!doctype html><meta charset=utf-8><body style='margin:12px;background:#14161b'>"
            "<pre style=\"font:14px/1.25 'DejaVu Sans Mono',monospace;color:#d4d4d4\">" + "".join(parts) + "</pre>")


def span(text: str, style: dict[str, str]) -> str:
    if not text:
        return ""
    return f"<span style=\"{';'.join(f'{key}:{value}' for key, value in style.items())}\">{html.escape(text)}</span>"
