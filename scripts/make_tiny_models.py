#!/usr/bin/env python3
"""Makes the tiny models with random weights of tests/engine/golden, and what transformers computes with them.

    pip install torch transformers gguf numpy
    scripts/make_tiny_models.py

One model for each architecture that no file at hand has, with a sliding window that is much shorter than the prompt, in
half precision. golden_logits.py loads each into transformers' model of that architecture, and none of its weights may
be missing or left over.
"""

import argparse
import pathlib
import subprocess
import sys

import numpy as np
from gguf import GGMLQuantizationType, GGUFWriter

ROOT = pathlib.Path(__file__).resolve().parent.parent
GOLDEN = ROOT / "tests" / "engine" / "golden"
TOKENS = 512
LAYERS, WIDTH, INNER, HEADS, KV_HEADS = 4, 32, 64, 4, 2
HEAD = WIDTH // HEADS

# What a file says beside the sizes. The windows: all layers, alternating, none.
MODELS = {
    "mistral": dict(architecture="llama", window=40),
    "qwen2": dict(architecture="qwen2", window=33, pattern=[False, True, True, False]),
    "qwen3": dict(architecture="qwen3", window=None),
    "qwen3-window": dict(architecture="qwen3", window=16, pattern=[True, False, True, False]),
    "starcoder2": dict(architecture="starcoder2", window=25),
    "gemma3": dict(architecture="gemma3", window=24, pattern=[True, True, False, True]),
}


def byte_texts():
    printing = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [b for b in range(256) if b not in printing]
    return [chr(b) if b in printing else chr(0x100 + others.index(b)) for b in range(256)]


def write_metadata(writer, architecture, window, pattern):
    writer.add_block_count(LAYERS)
    writer.add_context_length(1024)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_key_length(HEAD)
    writer.add_value_length(HEAD)
    writer.add_rope_freq_base(50000.0)
    if architecture == "starcoder2":
        writer.add_layer_norm_eps(1e-5)
    else:
        writer.add_layer_norm_rms_eps(1e-6)
    if window:
        writer.add_sliding_window(window)
    if pattern:
        writer.add_array(f"{architecture}.attention.sliding_window_pattern", pattern)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list([*byte_texts(), "ab", "<|endoftext|>"])
    writer.add_token_types([1] * 257 + [3])
    writer.add_token_merges(["a b"])
    writer.add_eos_token_id(257)


def write_tensors(writer, architecture, random):
    star, gemma = architecture == "starcoder2", architecture == "gemma3"

    def matrix(name, rows, cols):
        size = 1.5 / cols**0.5
        writer.add_tensor(name, random.normal(0, size, (rows, cols)).astype(np.float16), raw_dtype=GGMLQuantizationType.F16)

    def vector(name, cols, center):
        writer.add_tensor(name, (center + random.normal(0, 0.2, cols)).astype(np.float32))

    def norm(name, cols=WIDTH):
        vector(f"{name}.weight", cols, 1)
        if star:
            vector(f"{name}.bias", cols, 0)

    matrix("token_embd.weight", 258, WIDTH)
    norm("output_norm")
    for layer in range(LAYERS):
        prefix = f"blk.{layer}."
        norm(prefix + "attn_norm")
        norm(prefix + "ffn_norm")
        for part, rows in ("attn_q", WIDTH), ("attn_k", HEAD * KV_HEADS), ("attn_v", HEAD * KV_HEADS):
            matrix(f"{prefix}{part}.weight", rows, WIDTH)
            if star or architecture == "qwen2":
                vector(f"{prefix}{part}.bias", rows, 0)
        if gemma or architecture == "qwen3":
            norm(prefix + "attn_q_norm", HEAD)
            norm(prefix + "attn_k_norm", HEAD)
        if gemma:
            norm(prefix + "post_attention_norm")
            norm(prefix + "post_ffw_norm")
        matrix(prefix + "attn_output.weight", WIDTH, WIDTH)
        matrix(prefix + "ffn_up.weight", INNER, WIDTH)
        matrix(prefix + "ffn_down.weight", WIDTH, INNER)
        if not star:
            matrix(prefix + "ffn_gate.weight", INNER, WIDTH)
        else:
            for part, rows in ("attn_output", WIDTH), ("ffn_up", INNER), ("ffn_down", WIDTH):
                vector(f"{prefix}{part}.bias", rows, 0)


def make(name, folder, architecture, window, pattern=None):
    random = np.random.default_rng(sum(name.encode()))
    path = GOLDEN / f"tiny-{name}.gguf"
    writer = GGUFWriter(path, architecture)
    write_metadata(writer, architecture, window, pattern)
    write_tensors(writer, architecture, random)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    tokens, reference = folder / f"{name}.txt", folder / f"{name}.npy"
    tokens.write_text(" ".join(str(n) for n in random.integers(0, 256, TOKENS)))
    script = [sys.executable, str(ROOT / "scripts" / "golden_logits.py")]
    subprocess.run([*script, "reference", path, tokens, reference], check=True)
    subprocess.run([*script, "golden", path, tokens, reference, GOLDEN / f"logits-tiny-{name}.txt"], check=True)
    print(f"{path.name}: {path.stat().st_size} bytes")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=pathlib.Path, default=ROOT / "build", help="for what is not kept")
    folder = parser.parse_args().folder
    for name, traits in MODELS.items():
        make(name, folder, **traits)


if __name__ == "__main__":
    main()
