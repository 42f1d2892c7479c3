#!/usr/bin/env python3
"""Learns the weights of the repair ranker from sources, by breaking them.

usage: repair_train.py --features BIN --sources DIR... [--cases N] [--out syntax/repair_weights.cpp]

BIN is the built executable repair_features (tests/syntax). DIR are trees of source files that parse; whole projects, so
that files of one project fall either into the training part or into the held-out part. Each case is one file with one to
three small errors of the kinds that people make: a bracket, quote, comma or operator that is missing, doubled, or of the
wrong kind, and a keyword with two letters swapped or one lost. Never train on the cases that measure us.

The model is a softmax over the candidates of a case (listwise), linear in the features; see repair_ranker.h. Needs numpy
and torch.
"""
import argparse
import hashlib
import json
import os
import random
import re
import subprocess
import sys
import tempfile

import numpy as np
import torch

NUM_KINDS, NUM_DENSE, NUM_SPARSE, TABLE = 9, 46, 17, 1 << 15

EXCERPTS = 0.15  # of the cases: a part of a file
DROPPED = 0.3  # of the sparse features, while training

EXTENSIONS = {".py": "python", ".js": "javascript", ".mjs": "javascript", ".ts": "typescript", ".c": "c", ".h": "c",
              ".cc": "cpp", ".cpp": "cpp", ".hpp": "cpp", ".go": "go", ".rs": "rust", ".java": "java"}

KEYWORDS = {
    "python": "and as assert async await break class continue def del elif else except finally for from global if import in "
              "is lambda not or pass raise return try while with yield None True False",
    "javascript": "async await break case catch class const continue default delete do else export extends finally for "
                  "function if import in instanceof let new of return static switch throw try typeof var while yield",
    "typescript": "abstract as async await break case catch class const continue declare default else enum export extends "
                  "finally for function if implements import in interface keyof let namespace new of private protected "
                  "public readonly return static switch throw try type typeof while",
    "c": "break case char const continue default do double else enum extern float for goto if inline int long return short "
         "signed sizeof static struct switch typedef union unsigned void volatile while",
    "cpp": "auto break case class const constexpr continue default delete do else enum explicit extern for friend if inline "
           "namespace new noexcept operator override private protected public return sizeof static struct switch template "
           "this throw try typedef typename using virtual void while",
    "go": "break case chan const continue default defer else fallthrough for func go goto if import interface map package "
          "range return select struct switch type var",
    "rust": "as async await break const continue crate dyn else enum extern fn for if impl in let loop match mod move mut pub "
            "ref return self static struct super trait type unsafe use where while",
    "java": "abstract assert boolean break case catch class continue default do else enum extends final finally for if "
            "implements import instanceof int interface long native new package private protected public return static super "
            "switch synchronized this throw throws try void volatile while",
}
KEYWORDS = {language: set(words.split()) for language, words in KEYWORDS.items()}

# How often each error is made.
ERRORS = {"del_close": 26, "del_punct": 20, "dup_close": 11, "swap_close": 9, "del_open": 11, "kw_typo": 9, "del_quote": 8,
          "stray_close": 6, "del_op": 4, "indent": 1, "conflict": 1, "half_line": 1}

TOKEN = re.compile(r"""
    (?P<comment>//[^\n]*|/\*.*?\*/|\#(?=[^\n]*)(?!\[)(?!include|define|if|ifdef|ifndef|endif|else|elif|undef|pragma|error)[^\n]*)
  | (?P<string>\"\"\".*?\"\"\"|'''.*?'''|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)
  | (?P<word>[A-Za-z_$][\w$]*)
  | (?P<number>\d[\w.]*)
  | (?P<mark>->|=>|::|&&|\|\||==|!=|<=|>=|:=|\+=|-=|\*=|/=|<<|>>|[^\w\s])
""", re.X | re.S)

CLOSERS, OPENERS = ")]}", "([{"
OPERATORS = {"=", "==", "!=", "<", ">", "<=", ">=", "+", "-", "*", "/", "%", "&&", "||", "->", "=>", "::", ":=", "+=", "-=", ".", "?", "|",
             "&"}


def tokens(text, language):
    hash_comments = language == "python"
    for match in TOKEN.finditer(text):
        kind = match.lastgroup
        if kind == "comment" and match.group().startswith("#") != hash_comments and match.group().startswith(("#", "//")):
            continue  # rare enough not to matter: a mark of another language
        yield kind, match.start(), match.end(), match.group()


def misspell(word, rng):
    at = rng.randrange(len(word))
    if at + 1 < len(word) and rng.random() < 0.5:
        return word[:at] + word[at + 1] + word[at] + word[at + 2:]
    return word[:at] + word[at + 1:]


def edit_for(kind, text, language, toks, rng):
    """One change (begin, end, new text) of the kind, or None if the text offers no place for it."""
    def pick(choices):
        choices = list(choices)
        return rng.choice(choices) if choices else None
    marks = [t for t in toks if t[0] == "mark"]
    if kind in ("del_close", "dup_close", "swap_close"):
        t = pick(t for t in marks if t[3] in CLOSERS)
        if t is None:
            return None
        if kind == "del_close":
            return t[1], t[2], ""
        if kind == "dup_close":
            return t[2], t[2], t[3]
        return t[1], t[2], rng.choice([c for c in CLOSERS if c != t[3]])
    if kind == "del_open":
        t = pick(t for t in marks if t[3] in OPENERS)
    elif kind == "del_punct":
        t = pick(t for t in marks if t[3] in ",;:")
    elif kind == "del_op":
        t = pick(t for t in marks if t[3] in OPERATORS)
    elif kind == "del_quote":
        t = pick(t for t in toks if t[0] == "string" and "\n" not in t[3])
        if t is None:
            return None
        return (t[1], t[1] + 1, "") if rng.random() < 0.5 else (t[2] - 1, t[2], "")
    elif kind == "kw_typo":
        t = pick(t for t in toks if t[0] == "word" and t[3] in KEYWORDS[language] and len(t[3]) > 1)
        return None if t is None else (t[1], t[2], misspell(t[3], rng))
    elif kind == "stray_close":
        t = pick(toks)
        if t is None:
            return None
        end = text.find("\n", t[2])
        end = len(text) if end < 0 else end
        return end, end, rng.choice(CLOSERS)
    elif kind == "indent":
        if language != "python":
            return None
        t = pick(t for t in toks if text[text.rfind("\n", 0, t[1]) + 1:t[1]].strip(" ") == "")
        if t is None:
            return None
        line = text.rfind("\n", 0, t[1]) + 1
        size = t[1] - line
        new = size + rng.choice([-4, 4, -1, 1, 2])
        return None if new < 0 or new == size else (line, t[1], " " * new)
    elif kind in ("conflict", "half_line"):
        lines = text.split("\n")
        line = rng.randrange(len(lines))
        at = sum(len(l) + 1 for l in lines[:line])
        if kind == "half_line":  # typed again or pasted twice
            content = lines[line]
            return (at, at, content[:len(content) // 2 + 1] + "\n") if len(content.strip()) > 8 else None
        ours = "\n".join(lines[line:line + rng.randint(1, 3)])
        theirs = "\n".join(lines[line + 1:line + rng.randint(1, 4)])
        return at, at + len(ours), f"<<<<<<< HEAD\n{ours}\n=======\n{theirs}\n>>>>>>> topic"
    return None if t is None else (t[1], t[2], "")


def apply_edits(text, edits):
    for begin, end, new in sorted(edits, reverse=True):
        text = text[:begin] + new + text[end:]
    return text


def excerpt(text, rng):
    """A few whole constructs of the text: somebody's file is as short as that."""
    parts = re.split(r"\n\n(?=[^\s})\]])", text)
    begin = rng.randrange(len(parts))
    return "\n\n".join(parts[begin:begin + rng.randint(1, 3)]) + "\n"


def make_case(path, language, rng):
    try:
        text = open(path, encoding="utf-8").read()
    except (OSError, UnicodeDecodeError):
        return None
    lines = text.count("\n") + 1
    if not 300 < len(text) < 40_000 or len(text) / lines > 120 or "\r" in text:
        return None
    if rng.random() < EXCERPTS:
        text = excerpt(text, rng)
        if len(text) < 30:
            return None
    toks = list(tokens(text, language))
    kinds, weights = zip(*ERRORS.items())
    made = []
    for kind in rng.choices(kinds, weights, k=rng.choices([1, 2, 3], [80, 14, 6])[0]):
        edit = edit_for(kind, text, language, toks, rng)
        if edit is None or any(abs(edit[0] - other[0]) < 40 for _, other in made):
            return None
        made.append((kind, edit))
    edits = [edit for _, edit in made]
    ops = [kind for kind, _ in made]
    fixed = [apply_edits(text, edits[:i] + edits[i + 1:]) for i in range(len(edits))]
    return {"lang": language, "original": text, "broken": apply_edits(text, edits), "fixed": fixed, "ops": ops, "path": path}


def find_sources(roots):
    """Paths by language and project; a project is a child of a root."""
    found = {}
    for root in roots:
        for project in sorted(os.listdir(root)):
            for folder, folders, files in os.walk(os.path.join(root, project)):
                folders[:] = [f for f in folders if f not in ("node_modules", ".git", "dist", "third_party", "deps", "vendor")]
                for name in files:
                    language = EXTENSIONS.get(os.path.splitext(name)[1])
                    if language and not name.endswith((".min.js", ".d.ts")):
                        found.setdefault(language, {}).setdefault(project, []).append(os.path.join(folder, name))
    return found


def held_out(project):
    return hashlib.sha256(project.encode()).digest()[0] % 5 == 0


def generate(sources, count, want_held_out, rng):
    """Cases spread evenly over languages, then projects."""
    made = 0
    languages = sorted(sources)
    pools = {l: [p for p in sorted(sources[l]) if held_out(p) == want_held_out and len(sources[l][p]) >= 5] for l in languages}
    languages = [l for l in languages if pools[l]]
    while made < count:
        language = languages[made % len(languages)]
        case = make_case(rng.choice(sources[language][rng.choice(pools[language])]), language, rng)
        if case is not None:
            made += 1
            yield case


def read_cases(binary, cases):
    """Runs BIN over the cases, once for each processor: a list of (kinds, labels, dense, sparse) for those it can use."""
    shards = [tempfile.TemporaryFile("w+") for _ in range(os.cpu_count() or 1)]
    for i, case in enumerate(cases):
        shards[i % len(shards)].write(json.dumps(case) + "\n")
    outputs = [tempfile.TemporaryFile() for _ in shards]
    runs = []
    for shard, output in zip(shards, outputs):
        shard.seek(0)
        runs.append(subprocess.Popen([binary], stdin=shard, stdout=output))
    for run in runs:
        if run.wait() != 0:
            sys.exit(f"{binary} failed with exit code {run.returncode}")
    result = []
    for output in outputs:
        output.seek(0)
        result += parse_features(output.read())
    return result


def parse_features(data):
    """The output of BIN, case by case."""
    at, result = 0, []
    while at < len(data):
        n = int(np.frombuffer(data, np.int32, 1, at)[0])
        at += 4
        if n == 0:
            continue
        def take(kind, width):
            nonlocal at
            values = np.frombuffer(data, kind, n * width, at)
            at += n * width * 4
            return values.reshape(n, width) if width > 1 else values
        result.append((take(np.int32, 1), take(np.int32, 1), take(np.float32, NUM_DENSE), take(np.uint32, NUM_SPARSE)))
    return result


def tensors(cases):
    """The usable cases as flat tensors with the case of each row."""
    rows = [c for c in cases if c[1].any()]
    owner = np.concatenate([np.full(len(c[0]), i) for i, c in enumerate(rows)])
    kinds, labels, dense, sparse = (np.concatenate([c[k] for c in rows]) for k in range(4))
    return (torch.tensor(owner), torch.tensor(kinds.astype(np.int64)), torch.tensor(labels.astype(np.float32)),
            torch.tensor(dense), torch.tensor((sparse % TABLE).astype(np.int64)), len(rows))


class Ranker(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.shared = torch.nn.Parameter(torch.zeros(NUM_DENSE))
        self.dense = torch.nn.Parameter(torch.zeros(NUM_KINDS, NUM_DENSE))
        self.bias = torch.nn.Parameter(torch.zeros(NUM_KINDS))
        self.sparse = torch.nn.Parameter(torch.zeros(TABLE))

    def forward(self, kinds, dense, sparse):
        weights = self.shared + self.dense[kinds]
        looked_up = self.sparse[sparse]
        if self.training:  # no single neighbourhood may decide alone: most of those in real code were never seen
            looked_up = torch.nn.functional.dropout(looked_up, DROPPED)
        return (dense * weights).sum(1) + looked_up.sum(1)


def losses(scores, owner, labels, n):
    """-log of the share of the right candidates, for each case."""
    top = torch.full((n,), -1e9).scatter_reduce(0, owner, scores.detach(), "amax")
    e = torch.exp(scores - top[owner])
    total = torch.zeros(n).index_add(0, owner, e)
    right = torch.zeros(n).index_add(0, owner, e * labels)
    return -torch.log(right / total + 1e-9)


def accuracy(scores, owner, labels, n):
    top = torch.full((n,), -1e9).scatter_reduce(0, owner, scores, "amax")
    hit = torch.zeros(n).index_add(0, owner, (scores == top[owner]) * labels)
    return float((hit > 0).float().mean())


def train(data, test, epochs, decay_dense, decay_sparse):
    owner, kinds, labels, dense, sparse, n = data
    model = Ranker()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    starts = np.searchsorted(owner.numpy(), np.arange(n + 1))
    order = np.arange(n)
    for epoch in range(epochs):
        model.train()
        np.random.shuffle(order)
        for group in optimizer.param_groups:
            group["lr"] = 0.02 * (1 - epoch / epochs) + 0.0005
        for batch in np.array_split(order, max(1, n // 128)):
            rows = torch.tensor(np.concatenate([np.arange(starts[i], starts[i + 1]) for i in batch]))
            local = torch.tensor(np.concatenate([np.full(starts[i + 1] - starts[i], k) for k, i in enumerate(batch)]))
            scores = model(kinds[rows], dense[rows], sparse[rows])
            loss = losses(scores, local, labels[rows], len(batch)).mean()
            loss = loss + decay_dense * (model.dense ** 2).sum() + decay_dense * 0.1 * (model.shared ** 2).sum()
            loss = loss + decay_sparse * (model.sparse ** 2).sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        if epoch % 5 == 4 or epoch == epochs - 1:
            model.eval()
            with torch.no_grad():
                t = model(*test[1:2], *test[3:5])
                s = model(kinds, dense, sparse)
                print(f"epoch {epoch + 1}: train {accuracy(s, owner, labels, n):.4f}, held out "
                      f"{accuracy(t, test[0], test[2], test[5]):.4f} loss {float(losses(t, test[0], test[2], test[5]).mean()):.4f}",
                      file=sys.stderr, flush=True)
    return model


def write_weights(model, path, note):
    dense = (model.shared + model.dense).detach().numpy()
    sparse = model.sparse.detach().numpy()
    scale = max(float(np.abs(sparse).max()) / 127, 1e-6)
    table = np.clip(np.round(sparse / scale), -127, 127).astype(int)
    number = lambda x: f"{x:.4f}f"
    with open(path, "w") as out:
        out.write(f"// Made by scripts/repair_train.py. {note}\n#include \"syntax/repair_weights.h\"\n\nnamespace lacuna::syntax {{\n\n")
        out.write("const float dense_weights[num_repair_kinds][num_dense_features] = {\n")
        for row in dense:
            out.write("    {" + ", ".join(number(x) for x in row) + "},\n")
        out.write(f"}};\n\nconst float sparse_scale = {scale:.8f}f;\n\n// clang-format off\n")
        out.write("const int8_t sparse_weights[num_sparse_weights] = {\n")
        for i in range(0, TABLE, 64):
            out.write(",".join(str(x) for x in table[i:i + 64]) + ",\n")
        out.write("};\n// clang-format on\n\n}  // namespace lacuna::syntax\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--features", required=True)
    parser.add_argument("--sources", nargs="+", required=True)
    parser.add_argument("--cases", type=int, default=36000)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--save", nargs="+", help="keep the features in this file, or read them from it, and from more, if it is there")
    parser.add_argument("--write-held-out", help="write the held-out cases as JSON lines, for an evaluation")
    parser.add_argument("--out", default="syntax/repair_weights.cpp")
    args = parser.parse_args()
    rng = random.Random(args.seed)
    np.random.seed(args.seed)
    torch.manual_seed(args.seed)
    sources = find_sources(args.sources)
    if args.write_held_out:
        with open(args.write_held_out, "w") as out:
            for case in generate(sources, args.cases, True, rng):
                out.write(json.dumps(case) + "\n")
        return
    if args.save and os.path.exists(args.save[0]):
        saved = [torch.load(path, weights_only=False) for path in args.save]
        train_cases, test_cases = (sum((part[i] for part in saved), []) for i in (0, 1))
    else:
        train_cases = read_cases(args.features, generate(sources, args.cases, False, rng))
        test_cases = read_cases(args.features, generate(sources, args.cases // 8, True, rng))
        if args.save:
            torch.save((train_cases, test_cases), args.save[0])
    for name, cases in (("train", train_cases), ("held out", test_cases)):
        covered = np.mean([c[1].any() for c in cases])
        print(f"{name}: {len(cases)} cases, the right repair among the candidates of {covered:.4f}, "
              f"{np.mean([len(c[0]) for c in cases]):.1f} candidates each", file=sys.stderr, flush=True)
    data, test = tensors(train_cases), tensors(test_cases)
    model = train(data, test, args.epochs, 1e-5, 5e-5)
    model.eval()
    with torch.no_grad():
        held = accuracy(model(*test[1:2], *test[3:5]), test[0], test[2], test[5])
    covered = np.mean([c[1].any() for c in test_cases])
    write_weights(model, args.out, f"{data[5]} cases; first of the candidates in {held * covered:.3f} of {len(test_cases)} held-out cases.")


if __name__ == "__main__":
    main()
