#!/usr/bin/env python3
"""Compares our tokenizer with Hugging Face's `tokenizers` on thousands of strings, and writes the golden files of its test.

    pip install tokenizers sentencepiece protobuf gguf
    scripts/make_tokenizer_golden.py --build BUILD_DIR --models MODEL_DIR [--count 12000] [--sources DIR...]

The reference is built from each model's own vocabulary and merges, with the pre-tokenizer that the model's authors
publish (no Unicode normalisation: source code must come back as it was). Strings are cut from files of this machine and
made up: Chinese, emoji, odd spaces, control characters, numbers, contractions, line ends, special tokens, broken UTF-8.
Every string is compared; a small choice of them goes to tests/engine/golden. BUILD_DIR holds `tokenize_lines`.
Vocabularies of the `llama` kind are compared with Google's `sentencepiece` instead.
The regular expressions of models that are not at hand (gpt-2, llama-3, deepseek-coder) are compared by their cuts alone.
"""

import argparse
import pathlib
import random
import subprocess
import sys
import sysconfig
import tempfile

from gguf import GGUFReader, GGUFWriter
from tokenizers import AddedToken, Regex, Tokenizer, models, pre_tokenizers

ROOT = pathlib.Path(__file__).resolve().parent.parent
GOLDEN = ROOT / "tests" / "engine" / "golden"
MODELS = {"qwen2.5-coder-0.5b": "qwen2", "smollm2-135m": "smollm", "gemma3-270m": None}  # None: sentencepiece
NORMAL, UNKNOWN, CONTROL, USER_DEFINED = 1, 2, 3, 4

QWEN2 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
LLAMA3 = QWEN2.replace(r"|\p{N}|", r"|\p{N}{1,3}|")
CJK = "[一-龥ࠀ-一가-퟿]+"


def pre_tokenizer(name):
    """The cut of the model family, without the step that turns bytes into characters (offsets stay those of the text)."""
    split = lambda pattern: pre_tokenizers.Split(Regex(pattern), "isolated")
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=True)
    digits = pre_tokenizers.Digits(individual_digits=True)
    sequence = {
        "gpt-2": [byte_level],
        "smollm": [digits, byte_level],
        "qwen2": [split(QWEN2)],
        "llama-bpe": [split(LLAMA3)],
        "deepseek-coder": [split(r"[\r\n]"), split(r"\s?\p{L}+"), split(r"\s?\p{P}+"), split(CJK), digits],
    }[name]
    return pre_tokenizers.Sequence(sequence)


# ---- strings ----

CONTRACTIONS = ["it's", "IT'S", "don't", "DON'T", "we've", "We'Ve", "I'll", "I'LL", "you're", "'s", "'S", "'\u017f", "''s", "'d", "'m", "'M", "x'y", "'re're"]
SPACES = [" ", "  ", "   ", "\t", "\t\t", "\u00a0", "\u2003", "\u3000", "\u202f", "\u1680", "\u2028", "\u2029", "\u0085", "\x0b", "\x0c", "\u200b", "\ufeff", "\u180e"]
LINE_ENDS = ["\n", "\r\n", "\r", "\n\n", "\n \n", "\r\n\r\n", " \n", "\t\n\t"]
CONTROLS = [chr(c) for c in [*range(0, 32), 0x7F, 0x80, 0x9F, 0xAD, 0x200E, 0x202E, 0xFFFD, 0xFFFE, 0xE0001, 0x10FFFF]]
NUMBERS = ["0", "7", "12", "123", "1234", "12345", "3.14", "1e-9", "0xFF", "½", "²", "Ⅷ", "٣", "१२३", "𝟘𝟙", "〇", "①", "１２"]
WORDS = ["hello", "World", "café", "naïve", "Straße", "ﬁn", "ÅNGSTRÖM", "привет", "Ελλάδα", "שלום", "مرحبا", "नमस्ते", "สวัสดี", "한국어", "ひらがな", "カタカナ", "x", "I", "\u2581", "a\u2581b",
         "a\u0301", "e\u0308\u0323", "ǅ", "ʰ", "ª", "ⁿ", "𝓗𝓮", "𐐷", "ꙮ", "Ⅷ"]
CHINESE = ["你好", "世界", "函数", "返回值", "这是一个测试。", "中文，标点！", "「引號」", "漢字", "龥", "龦", "㐀", "𠀀", "一", "、", "。。。", "（）", "變數=值"]
EMOJI = ["😀", "👍🏽", "👩‍👩‍👧", "🇨🇳", "❤️", "✅", "1️⃣", "🏴󠁧󠁢󠁥󠁮󠁧󠁿"]
SYMBOLS = list("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~") + ["->", "=>", "::", "==", "!=", "&&", "...", "/*", "*/", "//", "#!", "§", "€", "→", "≤", "«", "»", "‘", "’", "—", "_x_", "__init__"]
SPECIAL = ["<|fim_prefix|>", "<|fim_suffix|>", "<|im_start|>", "<|endoftext|>", "<tool_call>", "</tool_call>", "<|fim_", "|>", "<file_sep>", "<repo_name>", "<|", "</s>", "[PAD151665]", "<start_of_turn>", "<bos>", "<unused7>", "<0x41>"]
BROKEN = [b"\xff", b"\xc3", b"\xe4\xb8", b"\xf0\x9f\x98", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\x80", b"\xbf\xbf", b"\xfe", b"\xf8\x88\x80\x80\x80", b"\xe4\xff\xb8"]


def made_up(rng):
    pools = rng.sample([CONTRACTIONS, SPACES, LINE_ENDS, CONTROLS, NUMBERS, WORDS, CHINESE, EMOJI, SYMBOLS], rng.randint(1, 6))
    parts = [rng.choice(rng.choice(pools)) for _ in range(rng.randint(1, 16))]
    if rng.random() < 0.1:
        parts.insert(rng.randint(0, len(parts)), rng.choice(SPECIAL))
    if rng.random() < 0.05:
        parts = [chr(c) for c in (rng.randrange(0x110000) for _ in parts) if not 0xD800 <= c <= 0xDFFF]
    return "".join(parts).encode()


def broken(rng):
    parts = [rng.choice(BROKEN) if rng.random() < 0.4 else made_up(rng)[: rng.randint(1, 20)] for _ in range(rng.randint(1, 6))]
    return b"".join(parts)


def random_bytes(rng):
    return rng.randbytes(rng.randint(1, 40))


SOURCE_SUFFIXES = (".py .c .h .cc .cpp .hpp .js .ts .tsx .go .rs .java .cs .rb .php .sh .json .md .txt .pl .html .css .cmake .lua .toml .yml .po .tcl .S").split()


def source_files(folders, rng):
    by_suffix = {}
    for folder in folders:
        for path in sorted(pathlib.Path(folder).rglob("*")):
            if path.suffix in SOURCE_SUFFIXES and path.is_file() and 200 < path.stat().st_size < 1 << 20:
                by_suffix.setdefault(path.suffix, []).append(path)
    for paths in by_suffix.values():
        rng.shuffle(paths)
    return by_suffix


def cut_from_files(folders, count, rng):
    by_suffix = source_files(folders, rng)
    print("sources:", ", ".join(f"{len(paths)} {suffix}" for suffix, paths in sorted(by_suffix.items())))
    texts = []
    while len(texts) < count:
        path = rng.choice(rng.choice(list(by_suffix.values()))[:400])
        data = path.read_bytes()
        length = rng.choice([10, 40, 100, 300, 1000])
        start = rng.randrange(max(1, len(data) - length))
        piece = data[start : start + length]
        texts.append(piece.replace(b"\n", b"\r\n") if rng.random() < 0.05 else piece)
    return texts


def all_strings(count, folders, rng):
    texts = [bytes([b]) for b in range(256)] + [b"", b" ", b"\n"]
    for pool in (CONTRACTIONS, SPACES, LINE_ENDS, CONTROLS, NUMBERS, WORDS, CHINESE, EMOJI, SYMBOLS, SPECIAL):
        texts += [text.encode() for text in pool] + [b"a" + text.encode() + b" b" for text in pool]
    left = max(0, count - len(texts))
    texts += cut_from_files(folders, left * 4 // 10, rng)
    texts += [made_up(rng) for _ in range(left * 4 // 10)]
    texts += [broken(rng) for _ in range(left // 10)] + [random_bytes(rng) for _ in range(left // 10)]
    return texts


# ---- the reference ----


def bytes_to_characters():
    printing = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    table = {b: chr(b) for b in printing}
    for b in range(256):
        if b not in table:
            table[b] = chr(0x100 + len(table) - len(printing))
    return table


CHARACTER_OF = bytes_to_characters()


def characters(text):
    """The text's characters with the bytes of each: a byte that is not UTF-8 is one character, U+FFFD."""
    found = []
    for character in text.decode("utf-8", "surrogateescape"):
        lost = 0xDC80 <= ord(character) <= 0xDCFF
        found.append(("\ufffd", bytes([ord(character) - 0xDC00])) if lost else (character, character.encode()))
    return found


def split(cutter, text):
    """The byte strings of the pieces."""
    units = characters(text)
    pieces = cutter.pre_tokenize_str("".join(character for character, _ in units))
    return [b"".join(raw for _, raw in units[start:end]) for _, (start, end) in pieces]


class Reference:
    """`tokenizers` with a model file's vocabulary. Valid UTF-8 takes its ordinary way, with added tokens and all."""

    def __init__(self, path, pre):
        fields = GGUFReader(path).fields
        tokens = fields["tokenizer.ggml.tokens"].contents()
        kinds = fields["tokenizer.ggml.token_type"].contents()
        merges = [tuple(merge.split(" ")) for merge in fields["tokenizer.ggml.merges"].contents()]
        self.cutter = pre_tokenizer(pre)
        self.ordinary = {
            special: self.build(tokens, kinds, merges, (CONTROL, USER_DEFINED) if special else (USER_DEFINED,)) for special in (False, True)
        }
        self.user_defined = [token for token, kind in zip(tokens, kinds) if kind == USER_DEFINED]

    def build(self, tokens, kinds, merges, added):
        tokenizer = Tokenizer(models.BPE(vocab={token: i for i, token in enumerate(tokens)}, merges=merges))
        last = pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False)
        # A step that cuts by ByteLevel has turned bytes into characters already.
        cuts_by_bytes = "ByteLevel" in self.cutter.__getstate__().decode()
        tokenizer.pre_tokenizer = self.cutter if cuts_by_bytes else pre_tokenizers.Sequence([self.cutter, last])
        for token, kind in zip(tokens, kinds):
            if kind in added:
                tokenizer.add_tokens([AddedToken(token, normalized=False, special=kind == CONTROL)])
        return tokenizer

    def encode(self, text, special):
        try:
            return self.ordinary[special].encode(text.decode(), add_special_tokens=False).ids
        except UnicodeDecodeError:
            return self.encode_broken(text, special)

    def encode_broken(self, text, special):
        if any(token.encode() in text for token in self.user_defined + (SPECIAL if special else [])):
            return None  # not a case for this way
        bpe = self.ordinary[False].model
        pieces = split(self.cutter, text)
        return [token.id for piece in pieces for token in bpe.tokenize("".join(CHARACTER_OF[b] for b in piece))]


class SentencePieceReference:
    """Google's `sentencepiece` with a model file's vocabulary, its text not normalised."""

    def __init__(self, path):
        from sentencepiece import SentencePieceProcessor, sentencepiece_model_pb2

        fields = GGUFReader(path).fields
        tokens = fields["tokenizer.ggml.tokens"].contents()
        kinds = fields["tokenizer.ggml.token_type"].contents()
        scores = fields["tokenizer.ggml.scores"].contents()
        self.kinds = kinds
        self.byte = {int(token[3:5], 16): i for i, (token, kind) in enumerate(zip(tokens, kinds)) if kind == 6}
        self.special = {token: i for i, (token, kind) in enumerate(zip(tokens, kinds)) if kind == CONTROL}
        proto = sentencepiece_model_pb2.ModelProto()
        for token, kind, score in zip(tokens, kinds, scores):
            kind = UNKNOWN if token == "<unk>" else kind
            # The file's user-defined tokens have spaces as they are.
            proto.pieces.add(piece=token.replace(" ", "\u2581"), score=score, type=kind)
        proto.trainer_spec.model_type = sentencepiece_model_pb2.TrainerSpec.BPE
        proto.trainer_spec.byte_fallback = True
        proto.normalizer_spec.name = "identity"
        proto.normalizer_spec.add_dummy_prefix = False
        proto.normalizer_spec.remove_extra_whitespaces = False
        self.processor = SentencePieceProcessor(model_proto=proto.SerializeToString())

    def encode(self, text, special):
        """A byte that is no UTF-8 is a token of its own, for us: sentencepiece would write U+FFFD. So is U+2581, which it
        takes for a space, and U+0000, where its Python side may end the text."""
        if special:
            return self.encode_special(text)
        tokens, stretch = [], ""
        for character, raw in characters(text):
            if character.encode() == raw and character not in "\u2581\0":
                stretch += character
                continue
            tokens += self.processor.encode(stretch) + [self.byte[b] for b in raw]
            stretch = ""
        return tokens + self.processor.encode(stretch)

    def encode_special(self, text):
        """The leftmost control token first, of those at one place the longest."""
        found = [(text.find(name.encode()), -len(name.encode()), name) for name in self.special if name.encode() in text]
        if not found:
            return self.encode(text, False)
        at, length, name = min(found)
        return self.encode(text[:at], False) + [self.special[name]] + self.encode_special(text[at - length :])


# ---- ours ----


def ours(build, model, mode, texts):
    lines = "".join(text.hex() + "\n" for text in texts)
    done = subprocess.run([str(build / "tokenize_lines"), str(model), mode], input=lines, capture_output=True, text=True, check=True)
    return [[int(n) for n in line.split()] for line in done.stdout.split("\n")[:-1]]


def tiny_model(path, pre):
    """A model file whose only use is its pre-tokenizer."""
    writer = GGUFWriter(path, "llama")
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(pre)
    writer.add_token_list([*CHARACTER_OF.values(), "ab"])
    writer.add_token_merges(["a b"])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()


def report(name, texts, expected, found):
    compared = [(t, e, f) for t, e, f in zip(texts, expected, found) if e is not None]
    wrong = [(t, e, f) for t, e, f in compared if e != f]
    print(f"{name}: {len(compared)} strings compared, {len(wrong)} differ")
    for text, reference, our in wrong[:5]:
        print(f"  {text!r}\n    reference {reference}\n    ours      {our}")
    return len(wrong)


def write_golden(name, about, rows, budget):
    """The rows in their order, but for those that would make the file larger than `budget` bytes."""
    lines = [f"# {about} Written by scripts/make_tokenizer_golden.py from tokenizers' answers."]
    size = len(lines[0]) + 1
    for kind, text, numbers in rows:
        line = f"{kind}\t{text.hex()}\t{' '.join(map(str, numbers))}"
        if size + len(line) + 1 > budget:
            continue
        size += len(line) + 1
        lines.append(line)
    GOLDEN.mkdir(parents=True, exist_ok=True)
    (GOLDEN / name).write_text("\n".join(lines) + "\n", encoding="ascii")
    print(f"{GOLDEN / name}: {len(lines) - 1} strings, {size} bytes")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, required=True, help="folder with tokenize_lines")
    parser.add_argument("--models", type=pathlib.Path, required=True, help="folder with the models' files")
    parser.add_argument("--count", type=int, default=12000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sources", nargs="*", default=[ROOT, sysconfig.get_path("stdlib"), "/usr/include", "/usr/share"])
    arguments = parser.parse_args()

    rng = random.Random(arguments.seed)
    texts = all_strings(arguments.count, arguments.sources, rng)
    short = [text for text in texts if len(text) <= 48]
    rng.shuffle(short)
    long = [b" ".join(made_up(rng) for _ in range(8))[:400] for _ in range(20)]
    texts += long
    wrong = 0

    for model, pre in MODELS.items():
        path = arguments.models / f"{model}.gguf"
        reference = Reference(path, pre) if pre else SentencePieceReference(path)
        rows = []
        for mode, special in (("tokens", False), ("special", True)):
            expected = {text: reference.encode(text, special) for text in set(texts)}
            wrong += report(f"{model} {mode}", texts, [expected[t] for t in texts], ours(arguments.build, path, mode, texts))
            chosen = [text for text in long + short if expected[text] is not None]
            rows += [(mode, text, expected[text]) for text in chosen[: 900 if mode == "tokens" else 150]]
        write_golden(f"tokens-{model}.txt", f"tokens or special, the bytes, the tokens of {model}.", rows, 100_000)

    rows = []
    for pre in ("gpt-2", "smollm", "qwen2", "llama-bpe", "deepseek-coder"):
        cutter = pre_tokenizer(pre)
        expected = [[len(piece) for piece in split(cutter, text)] for text in texts]
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "tiny.gguf"
            tiny_model(path, pre)
            wrong += report(f"{pre} split", texts, expected, ours(arguments.build, path, "split", texts))
        by_text = dict(zip(texts, expected))
        rows += [(pre, text, by_text[text]) for text in long[:5] + short[:250]]
    write_golden("splits.txt", "pre-tokenizer, the bytes, the lengths of the pieces.", rows, 90_000)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
