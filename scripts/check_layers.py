#!/usr/bin/env python3
"""Proves the layers of docs/architecture.md from the #include lines, and a few rules beside them.

    scripts/check_layers.py              check this repository; exits with 1 and a list where a rule is broken
    scripts/check_layers.py --self-test  show that every rule can fail
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

# Who may include whom. Each folder may include itself.
LAYERS = {
    "server": {"engine", "syntax", "support"},
    "engine": {"kernels", "support"},
    "syntax": {"support"},
    "kernels": {"support"},
    "support": set(),
}

# What others may include of a folder: its front doors. Of support, everything.
FRONT_DOORS = {
    "engine": {"engine/engine.h", "engine/request.h", "engine/tokenizer/tokenizer.h", "engine/tokenizer/incremental_encoder.h",
               "engine/gguf/gguf_file.h",
               "engine/sidecar/sidecar_folder.h"},
    "syntax": {"syntax/language.h", "syntax/syntax_tree.h", "syntax/diagnose.h", "syntax/completion_context.h",
               "syntax/next_part.h", "syntax/trim.h", "syntax/repair.h", "syntax/repair_holes.h",
               "syntax/tree_shape.h"},
    "kernels": {"kernels/backend.h", "kernels/tensor.h", "kernels/quant_blocks.h", "kernels/weight_store.h"},
    "server": set(),
}

# Libraries that only some places know: a pattern of the header, and the path prefixes that may include it.
CONFINED = [
    (r"uv\.h", ("server/",)),
    (r"nlohmann/.*", ("server/",)),
    (r"CLI/.*", ("server/cli/",)),
    (r"(curl|openssl)/.*|zip\.h", ("server/models/",)),
    (r"tree_sitter/.*", ("syntax/",)),
    (r"spdlog/.*", ("support/log.cpp",)),
    (r"cuda.*", ("kernels/cuda/",)),
    (r".*intrin\.h|arm_neon\.h", ("kernels/cpu/",)),
    (r"regex", ()),
]

# Words in the code itself: a pattern, where it may stand, and why not elsewhere.
WORDS = [
    (r"std::w?regex", (), "std::regex is slow and recurses on untrusted text"),
    (r"\b(secure_)?getenv\b", ("server/main.cpp",), "only main reads the environment"),
]

SOURCES = {".h", ".cpp", ".c", ".cu", ".inc"}
INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')
COMMENT = re.compile(r"//.*|/\*.*?\*/", re.DOTALL)


def source_files(root: Path) -> list[Path]:
    found = []
    for layer in LAYERS:
        found += [path for path in sorted((root / layer).rglob("*"))
                  if path.suffix in SOURCES and "node_modules" not in path.parts]
    return found


def check_own_include(root: Path, place: str, name: str) -> str | None:
    layer, target = name_layer(place), name_layer(name)
    if target is None:
        if any(re.fullmatch(pattern, name) for pattern, _ in CONFINED):
            return None  # a library's, in quotes
        return f'"{name}" does not start at the root of the repository'
    if not (root / name).exists():
        return f'"{name}" does not exist'
    if target != layer and target not in LAYERS[layer]:
        return f"{layer} must not include {target}: \"{name}\""
    if target != layer and target in FRONT_DOORS and name not in FRONT_DOORS[target]:
        return f'"{name}" is no front door of {target}'
    return None


def name_layer(path: str) -> str | None:
    first = path.split("/", 1)[0]
    return first if "/" in path and first in LAYERS else None


def check_library(place: str, name: str) -> str | None:
    for pattern, places in CONFINED:
        if re.fullmatch(pattern, name) and not place.startswith(places or ("\0",)):
            return f"<{name}> is confined to {', '.join(places) or 'no place at all'}"
    return None


def check_file(root: Path, path: Path) -> list[str]:
    place = path.relative_to(root).as_posix()
    text = path.read_text(encoding="utf-8")
    problems = []
    for number, line in enumerate(text.splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        own, library = match.groups()
        # Either form of include reaches a library; only the quoted one can be ours.
        problem = check_library(place, own or library) or (check_own_include(root, place, own) if own else None)
        if problem:
            problems.append(f"{place}:{number}: {problem}")
    code = COMMENT.sub("", text)
    for pattern, places, reason in WORDS:
        if re.search(pattern, code) and not place.startswith(places or ("\0",)):
            problems.append(f"{place}: {reason}")
    return problems


def check(root: Path) -> list[str]:
    return [problem for path in source_files(root) for problem in check_file(root, path)]


# Each case: a file of a small tree, its text, and a part of the complaint ("" where there must be none).
CASES = [
    ("server/a.cpp", '#include "engine/engine.h"\n#include "support/log.h"\n#include <uv.h>\n', ""),
    ("server/a.cpp", '#include "kernels/backend.h"\n', "server must not include kernels"),
    ("engine/a.cpp", '#include "server/environment.h"\n', "engine must not include server"),
    ("engine/a.cpp", '#include "syntax/trim.h"\n', "engine must not include syntax"),
    ("engine/a.cpp", '#include "engine/inner.h"\n#include "kernels/backend.h"\n', ""),
    ("server/a.cpp", '#include "engine/inner.h"\n', "no front door of engine"),
    ("support/a.cpp", '#include "kernels/tensor.h"\n', "support must not include kernels"),
    ("server/a.cpp", '#include "environment.h"\n', "does not start at the root"),
    ("server/a.cpp", '#include "support/missing.h"\n', "does not exist"),
    ("engine/a.cpp", "#include <nlohmann/json.hpp>\n", "confined to server/"),
    ("server/lsp/a.cpp", "#include <CLI/CLI.hpp>\n", "confined to server/cli/"),
    ("server/lsp/a.cpp", "#include <curl/curl.h>\n", "confined to server/models/"),
    ("server/a.cpp", '#include "tree_sitter/api.h"\n', "confined to syntax/"),
    ("server/a.cpp", "#include <spdlog/spdlog.h>\n", "confined to support/log.cpp"),
    ("engine/a.cpp", "#include <immintrin.h>\n", "confined to kernels/cpu/"),
    ("kernels/cpu/a.cpp", "#include <immintrin.h>\n", ""),
    ("syntax/a.cpp", "#include <regex>\n", "confined to no place"),
    ("syntax/a.cpp", "std::regex word;\n", "std::regex is slow"),
    ("syntax/a.cpp", "// never std::regex\n", ""),
    ("server/a.cpp", 'const char* home = std::getenv("HOME");\n', "only main reads the environment"),
    ("server/main.cpp", 'const char* home = std::getenv("HOME");\n', ""),
]


def self_test() -> list[str]:
    failures = []
    for place, text, expected in CASES:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            doors = set().union(*FRONT_DOORS.values()) | {"engine/inner.h", "server/environment.h", "support/log.h"}
            for name in doors:
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text("")
            (root / place).parent.mkdir(parents=True, exist_ok=True)
            (root / place).write_text(text)
            found = "\n".join(check(root))
        if (expected not in found) if expected else found:
            failures.append(f"self-test: {place} with {text!r}: expected {expected!r}, got {found!r}")
    return failures


def main() -> int:
    root = Path(__file__).resolve().parent.parent
    problems = self_test() if "--self-test" in sys.argv[1:] else check(root)
    for problem in problems:
        print(problem)
    print(f"check_layers: {len(problems)} problems" if problems else "check_layers: in order")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
