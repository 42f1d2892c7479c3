#!/usr/bin/env python3
"""Writes the licences of everything that is part of a built `lacuna`, found from what was really compiled and linked.

    third_party_notices.py PROGRAM BUILD_FOLDER OUTPUT [BUNDLE]

Three sources tell it: the header files that the compiler read (ninja's list of dependencies), the sources of tree-sitter
and the grammars that it compiled, and the shared libraries that the program loads. A fourth is BUNDLE, what esbuild tells
of the VS Code extension that it bundled (its metafile; the paths in it start at the extension's folder). Each must belong
to a Debian package or an npm package whose licence is at hand; otherwise this fails, and says for which file.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

OUR_OBJECTS = re.compile(r"^(support|kernels|engine|syntax|server)/")
# The system's interface and the compiler's own support: their licences ask for nothing in a program that uses them.
SYSTEM = re.compile(r"^(libc6|linux-libc|libstdc\+\+-\d+-dev|libgcc-\d+-dev|libc-dev|libcrypt|cpp-|gcc-|g\+\+-)")
RULE = "=" * 100


@dataclass(frozen=True)
class Part:
    name: str
    version: str
    role: str
    license_files: tuple[Path, ...]


def run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, errors="replace").stdout


def compiled_files(build: Path) -> set[Path]:
    """Every file that was read to compile the program's own objects, and the C sources among them."""
    files: set[Path] = set()
    ours = False
    for line in run("ninja", "-C", str(build), "-t", "deps").splitlines():
        if not line.startswith(" "):
            ours = OUR_OBJECTS.match(line) is not None
        elif ours:
            files.add((build / line.strip()).resolve())
    if not files:
        sys.exit(f"{build} tells nothing of what was compiled; build it with Ninja first")
    return files


def loaded_libraries(program: Path) -> set[Path]:
    """The shared libraries that the program loads, libraries of libraries included."""
    found = re.findall(r"=> (/\S+) \(", run("ldd", str(program)))
    return {Path(path).resolve() for path in found}


def debian_packages(files: set[Path]) -> set[str]:
    if not files:
        return set()
    # usrmerge: dpkg knows a library of /usr/lib by either path.
    names = sorted({str(path) for path in files} | {str(path).removeprefix("/usr") for path in files})
    answer = subprocess.run(["dpkg-query", "-S", *names], capture_output=True, text=True).stdout
    owners: dict[str, set[str]] = {}
    for line in answer.splitlines():
        packages, _, path = line.rpartition(": ")
        owners.setdefault("/usr" + path if not path.startswith("/usr/") else path, set()).update(
            package.strip().split(":")[0] for package in packages.split(","))
    for path in sorted(files):
        if str(path) not in owners:
            sys.exit(f"{path} is part of the program and belongs to no Debian package: its licence is not known")
    return {name for names_of_file in owners.values() for name in names_of_file if not SYSTEM.match(name)}


def debian_part(package: str, role: str) -> Part:
    text = Path("/usr/share/doc") / package / "copyright"
    if not text.exists():
        sys.exit(f"the Debian package {package} has no file {text}")
    name = run("dpkg-query", "-W", "-f", "${source:Package}", package)
    version = run("dpkg-query", "-W", "-f", "${source:Version}", package)
    return Part(name, version, role, (text.resolve(),))


def licenses_in(folder: Path) -> list[Path]:
    names = ("LICENSE", "LICENCE", "COPYING", "NOTICE", "THIRDPARTYNOTICES")
    return sorted(path for path in folder.iterdir() if path.name.upper().startswith(names))


def npm_part(folder: Path, files: set[Path], role: str) -> Part:
    """`files` are those of its files that are in use: a folder of them may come from elsewhere, with its own licence."""
    package = json.loads((folder / "package.json").read_text())
    found = licenses_in(folder)
    if not found:
        sys.exit(f"the npm package in {folder} has no licence file")
    for inner in sorted({path.parent for path in files} - {folder}):
        found += licenses_in(inner)
    return Part(package["name"], package["version"], role, tuple(found))


def npm_files(files: set[Path]) -> dict[Path, set[Path]]:
    """Those of the files that come from npm packages, by the folder of the package."""
    packages: dict[Path, set[Path]] = {}
    for path in files:
        if "node_modules" in path.parts:
            name = len(path.parts) - path.parts[::-1].index("node_modules")  # packages may hold packages
            end = name + (2 if path.parts[name].startswith("@") else 1)
            packages.setdefault(Path(*path.parts[:end]), set()).add(path)
    return packages


def bundled_files(bundle: Path) -> set[Path]:
    """Every file of which something is in the extension's script, by esbuild's own account."""
    extension = bundle.parent.parent
    outputs = json.loads(bundle.read_text())["outputs"].values()
    return {extension / name for output in outputs for name, part in output["inputs"].items() if part["bytesInOutput"] > 0}


def find_parts(program: Path, build: Path, bundle: Path | None) -> list[Part]:
    files = compiled_files(build)
    headers = {path for path in files if path.is_relative_to("/usr/include")}
    linked = debian_packages(loaded_libraries(program))
    compiled = debian_packages(headers)
    bundled = bundled_files(bundle) if bundle else set()
    parts = [npm_part(folder, sources, "compiled in") for folder, sources in npm_files(files).items()]
    parts += [npm_part(folder, {folder / "package.json"}, "in the VS Code extension") for folder in sorted(npm_files(bundled))]
    parts += [debian_part(package, "shared library") for package in sorted(linked)]
    parts += [debian_part(package, "compiled in") for package in sorted(compiled)]
    # Of several packages made from one source, the first tells its licences.
    works: dict[str, Part] = {}
    for part in parts:
        works.setdefault(part.name, part)
    return [works[name] for name in sorted(works)]


def write_notices(parts: list[Part], output: Path) -> None:
    lines = ["Lacuna is licensed under the Apache License 2.0 (see LICENSE). It contains or loads the following works of others,",
             "each under its own licence. Shared libraries lie beside the program in the package for any Linux (lib/lacuna);",
             "Debian's package loads the system's.", ""]
    lines += [f"  {part.name} {part.version} ({part.role})" for part in parts]
    for part in parts:
        lines += ["", RULE, f"{part.name} {part.version}", RULE]
        for path in part.license_files:
            lines += ["", path.read_text(encoding="utf-8", errors="replace").rstrip()]
    output.write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> None:
    if len(sys.argv) not in (4, 5):
        sys.exit(__doc__)
    program, build, output, *bundle = map(Path, sys.argv[1:])
    parts = find_parts(program.resolve(), build.resolve(), bundle[0].resolve() if bundle else None)
    write_notices(parts, output)
    print(f"{output}: {len(parts)} works")


if __name__ == "__main__":
    main()
