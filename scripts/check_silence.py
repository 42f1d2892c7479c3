#!/usr/bin/env python3
"""Opens real files in the language server, as an editor does, and counts those for which it has something to offer.

usage: check_silence.py --tools DIR --sources DIR... [--server "build/release/lacuna lsp"] [--count N] [--seed N] [--show N]

Files that somebody ships are taken to be right: an action in one is a false alarm. DIR of --tools is the folder of the
project's lsp.py and trees.py, whose parsers (requirements.txt beside them) say what tree-sitter accepts, whatever the
server says. N files are drawn from all below the sources, evenly over their languages. Prints, by language, the files,
those that tree-sitter accepts, and those with an alarm (a diagnostic or an action) in either group; exits with 1 if an
accepted one has an alarm.
"""
import argparse
import collections
import os
import random
import shlex
import sys
import time
from pathlib import Path

LANGUAGES = {".py": "python", ".js": "javascript", ".mjs": "javascript", ".ts": "typescript", ".c": "c", ".h": "c", ".cc": "cpp",
             ".cpp": "cpp", ".hpp": "cpp", ".go": "go", ".rs": "rust", ".java": "java"}
LARGEST = 500_000  # bytes


def find_files(roots, count, rng):
    """Paths, taken in turn from each language's shuffled list."""
    found = collections.defaultdict(list)
    for root in roots:
        for folder, folders, names in os.walk(root):
            folders.sort()
            for name in sorted(names):
                language = LANGUAGES.get(os.path.splitext(name)[1])
                if language:
                    found[language].append(os.path.join(folder, name))
    for paths in found.values():
        rng.shuffle(paths)
    picked = []
    while len(picked) < count and any(found.values()):
        for language, paths in found.items():
            while paths and len(picked) < count:
                path = paths.pop()
                try:
                    text = Path(path).read_text(encoding="utf-8")
                except (OSError, UnicodeDecodeError):
                    continue
                if 0 < len(text) < LARGEST:
                    picked.append((path, language, text))
                    break
    return picked


def actions_of(client, path, language, text):
    """(number of errors, actions over the whole file)"""
    uri, since = Path(path).absolute().as_uri(), time.monotonic()
    client.open(uri, language, text)
    note = client.wait_note("textDocument/publishDiagnostics", lambda p: p["uri"] == uri, 30, since)
    whole = {"start": {"line": 0, "character": 0}, "end": {"line": text.count("\n") + 1, "character": 0}}
    found = client.result("textDocument/codeAction", {"textDocument": {"uri": uri}, "range": whole,
                                                      "context": {"diagnostics": note["diagnostics"]}}) or []
    client.close_doc(uri)
    return len(note["diagnostics"]), found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tools", required=True)
    parser.add_argument("--sources", nargs="+", required=True)
    parser.add_argument("--server", default="build/release/lacuna lsp")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int, default=0, help="name the first N files with an alarm")
    args = parser.parse_args()
    sys.path.insert(0, args.tools)
    import lsp
    import trees

    client = lsp.Client(shlex.split(args.server))
    client.initialize()
    table = collections.defaultdict(collections.Counter)
    for path, language, text in find_files(args.sources, args.count, random.Random(args.seed)):
        errors, actions = actions_of(client, path, language, text)
        rejected = trees.PARSERS[language].parse(text.encode()).root_node.has_error
        group = "rejected" if rejected else "accepted"
        # A rejected file has errors, and they may be told: there only a fix is an alarm.
        alarm = bool(actions) or (errors > 0 and not rejected)
        table[language].update(["files", group] + [group + " with alarms"] * alarm)
        if alarm and args.show > 0:
            args.show -= 1
            print(f"{path}: {group}, {errors} errors; {actions[0]['title'] if actions else 'no action'}")
    client.stop()
    columns = ("files", "accepted", "accepted with alarms", "rejected", "rejected with alarms")
    print("| language | " + " | ".join(columns) + " |\n|" + "---|" * (len(columns) + 1))
    total = sum(table.values(), collections.Counter())
    for language, row in [*sorted(table.items()), ("all", total)]:
        print(f"| {language} | " + " | ".join(str(row[c]) for c in columns) + " |")
    sys.exit(1 if total["accepted with alarms"] else 0)


if __name__ == "__main__":
    main()
