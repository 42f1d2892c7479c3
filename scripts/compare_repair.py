#!/usr/bin/env python3
"""Compares lacuna's repairs with what else there is, on the same cases.

usage: compare_repair.py --cases FILE.jsonl.gz --tools DIR [--lacuna BIN] [--clangd BIN] [--rustc BIN] [--limit N]

DIR is the folder of eval_repair.py (with lsp.py and trees.py), whose measure this uses: a repair is valid if tree-sitter
finds no error any more and at most 4 tokens changed for each error made, and exact if the tree and the texts of its leaves
are the original's. Only cases with one error that is not a cut line are taken. The rivals:
  missing nodes   the tokens that tree-sitter's own recovery assumed, written into the text
  close at end    the brackets that are open at the end of the file closed there, and lone closers removed
  clangd          its quick-fixes for errors, the first one first, as long as there is one (C and C++)
  rustc           the suggestions of its messages, the first one first, as long as there is one (Rust)
A rival that is not installed is left out.
"""
import argparse
import gzip
import json
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MOST_ROUNDS = 4  # as in eval_repair.py for one error
PAIRS = {"(": ")", "[": "]", "{": "}"}


def missing_nodes(trees, case):
    """Writes each MISSING token that has a fixed spelling where tree-sitter assumed it."""
    data = case["broken"].encode()
    places, stack = [], [trees.PARSERS[case["lang"]].parse(data).root_node]
    while stack:
        node = stack.pop()
        if node.is_missing and not node.is_named:
            places.append((node.start_byte, node.type.encode()))
        stack.extend(node.children)
    for at, token in sorted(places, reverse=True):
        data = data[:at] + token + data[at:]
    return data.decode()


def close_at_end(trees, case):
    """Leaves of the tree that are brackets, matched from left to right."""
    data = case["broken"].encode()
    marks, stack = [], [trees.PARSERS[case["lang"]].parse(data).root_node]
    while stack:
        node = stack.pop()
        if not node.child_count and node.type in "()[]{}" and len(node.type) == 1 and not node.is_missing:
            marks.append((node.start_byte, node.type))
        stack.extend(node.children)
    open_brackets, lone = [], []
    for at, mark in sorted(marks):
        if mark in PAIRS:
            open_brackets.append(mark)
        elif open_brackets and PAIRS[open_brackets[-1]] == mark:
            open_brackets.pop()
        else:
            lone.append(at)
    for at in reversed(lone):
        data = data[:at] + data[at + 1:]
    return data.decode().rstrip("\n") + "".join(PAIRS[m] for m in reversed(open_brackets)) + "\n"


class Clangd:
    languages = ("c", "cpp")

    def __init__(self, binary, lsp):
        self.lsp = lsp
        self.folder = tempfile.mkdtemp(prefix="lacuna-compare-")
        self.client = lsp.Client([binary, "--background-index=0", "--clang-tidy=0", "-j=1"], cwd=self.folder)
        self.client.initialize()
        self.count = 0

    def repair(self, trees, case):
        self.count += 1
        path = Path(self.folder, f"{self.count}.{'c' if case['lang'] == 'c' else 'cc'}")
        text, version, since = case["broken"], 1, time.monotonic()
        uri = path.as_uri()
        self.client.open(uri, case["lang"], text)
        for _ in range(MOST_ROUNDS):
            note = self.client.wait_note("textDocument/publishDiagnostics", lambda p: p["uri"] == uri and
                                         p.get("version", version) >= version, 20, since)
            fixed = None
            for diagnostic in (d for d in note["diagnostics"] if d.get("severity") == 1):
                actions = self.client.result("textDocument/codeAction", {
                    "textDocument": {"uri": uri}, "range": diagnostic["range"],
                    "context": {"diagnostics": [diagnostic], "only": ["quickfix"]}}) or []
                edits = [a for a in actions if "edit" in a]
                if edits:
                    fixed = self.lsp.apply_edits(text, self.lsp.edits_of(edits[0], uri))
                    break
            if fixed is None or fixed == text:
                break
            text, version, since = fixed, version + 1, time.monotonic()
            self.client.change(uri, version, [{"text": text}])
        self.client.close_doc(uri)
        return text

    def close(self):
        self.client.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


class Rustc:
    languages = ("rust",)

    def __init__(self, binary):
        self.binary = binary
        self.folder = tempfile.mkdtemp(prefix="lacuna-compare-")

    def repair(self, trees, case):
        text = case["broken"]
        path = Path(self.folder, "case.rs")
        for _ in range(MOST_ROUNDS):
            path.write_text(text)
            run = subprocess.run([self.binary, "--error-format=json", "--edition=2021", "--crate-type=lib", "--emit=metadata",
                                  "--out-dir", self.folder, str(path)], stderr=subprocess.PIPE, timeout=60, text=True)
            spans = next(filter(None, map(self.suggestion, run.stderr.splitlines())), None)
            if spans is None:
                break
            data = text.encode()
            for span in sorted(spans, key=lambda s: -s["byte_start"]):
                data = data[:span["byte_start"]] + span["suggested_replacement"].encode() + data[span["byte_end"]:]
            if data.decode() == text or not trees.view("rust", text)[0]:
                break
            text = data.decode()
        return text

    @staticmethod
    def suggestion(line):
        """The spans of a message's first suggestion, if it is an error and has one."""
        try:
            message = json.loads(line)
        except ValueError:
            return None
        if message.get("level") != "error":
            return None
        for child in message.get("children", []):
            spans = [s for s in child.get("spans", []) if s.get("suggested_replacement") is not None]
            if spans:
                return spans
        return None

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)


def judge(trees, case, text):
    bad, shape = trees.view(case["lang"], text)
    near = trees.distance(trees.tokens(case["lang"], case["broken"]), trees.tokens(case["lang"], text)) <= 4
    return not bad and near, shape == trees.view(case["lang"], case["original"])[1]


def lacuna_row(binary, cases):
    """(valid, exact) shares of `lacuna eval repair` on `cases`."""
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
        for case in cases:
            file.write(json.dumps(case) + "\n")
        file.flush()
        run = subprocess.run(shlex.split(binary) + ["eval", "repair", "--json", file.name], stdout=subprocess.PIPE, check=True)
    headline = json.loads(run.stdout)["headline"]
    return headline["valid"], headline["exact"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", required=True)
    parser.add_argument("--tools", required=True)
    parser.add_argument("--lacuna", default="build/release/lacuna")
    parser.add_argument("--clangd", default="clangd")
    parser.add_argument("--rustc", default="rustc")
    parser.add_argument("--limit", type=int, default=10 ** 9)
    args = parser.parse_args()
    sys.path.insert(0, args.tools)
    import lsp
    import trees

    opener = gzip.open if args.cases.endswith(".gz") else open
    cases = [json.loads(line) for line in opener(args.cases, "rt")]
    cases = [c for c in cases if len(c["ops"]) == 1 and c["ops"] != ["truncate"]][:args.limit]
    rivals = [("missing nodes", missing_nodes, None), ("close at end", close_at_end, None)]
    started = []
    for name, binary, make in (("clangd", args.clangd, lambda b: Clangd(b, lsp)), ("rustc", args.rustc, Rustc)):
        if shutil.which(binary) is None:
            print(f"{name}: not installed, left out", file=sys.stderr)
            continue
        started.append(make(binary))
        rivals.append((name, started[-1].repair, started[-1].languages))
    print("| repairs by | languages | n | valid | exact | lacuna valid | lacuna exact |\n|---|---|---|---|---|---|---|")
    for name, repair, languages in rivals:
        mine = [c for c in cases if languages is None or c["lang"] in languages]
        if not mine:
            continue
        marks = [judge(trees, c, repair(trees, c)) for c in mine]
        valid, exact = (sum(m[k] for m in marks) / len(marks) for k in (0, 1))
        ours = lacuna_row(args.lacuna, mine)
        print(f"| {name} | {', '.join(languages) if languages else 'all'} | {len(mine)} | {valid:.3f} | {exact:.3f} | "
              f"{ours[0]:.3f} | {ours[1]:.3f} |", flush=True)
    for each in started:
        each.close()


if __name__ == "__main__":
    main()
