#!/usr/bin/env python3
"""Compares the engine's logits with a reference, and makes the golden files of tests/engine/golden.

The reference is the model of torch/transformers in single precision, over the weights as the PyPI package `gguf`
dequantises them: what the file means, computed without shortcuts. Needs: torch, transformers, gguf, numpy.

  golden_logits.py reference MODEL TOKENS OUT.npy           logits of the reference
  golden_logits.py compare REFERENCE.npy LOGITS.f32 …       top-1 agreement and KL divergence of other logits from them
  golden_logits.py golden MODEL TOKENS REFERENCE.npy OUT    the golden file: top 5 at 64 positions, as text

TOKENS is a text file of token ids; `engine_logits MODEL ISA tokenize TEXT OUT` writes one. LOGITS.f32 is what
`engine_logits MODEL ISA logits TOKENS OUT` writes.
"""

import argparse
import sys

import numpy as np

GOLDEN_POSITIONS = 64
GOLDEN_TOP = 5


def read_tokens(path):
    with open(path) as file:
        return [int(word) for word in file.read().split()]


class GgufModel:
    """The metadata and the dequantised tensors of a GGUF file."""

    def __init__(self, path):
        import gguf

        self._gguf = gguf
        reader = gguf.GGUFReader(path)
        self.values = {key: field.contents() for key, field in reader.fields.items() if not key.startswith("tokenizer.")}
        self.architecture = self.values["general.architecture"]
        self.tensors = {tensor.name: tensor for tensor in reader.tensors}

    def value(self, key, fallback=None):
        return self.values.get(f"{self.architecture}.{key}", fallback)

    def tensor(self, name):
        tensor = self.tensors[name]
        weights = self._gguf.quants.dequantize(tensor.data, tensor.tensor_type)
        return np.array(weights, dtype=np.float32).reshape([int(n) for n in reversed(tensor.shape)])


def make_config(model):
    from transformers import Gemma3TextConfig, LlamaConfig, MistralConfig, Qwen2Config, Qwen3Config, Starcoder2Config

    heads = model.value("attention.head_count")
    common = dict(
        vocab_size=model.tensors["token_embd.weight"].shape[1].item(),
        hidden_size=model.value("embedding_length"),
        intermediate_size=model.value("feed_forward_length"),
        num_hidden_layers=model.value("block_count"),
        num_attention_heads=heads,
        num_key_value_heads=model.value("attention.head_count_kv", heads),
        head_dim=model.value("attention.key_length", model.value("embedding_length") // heads),
        rms_norm_eps=model.value("attention.layer_norm_rms_epsilon"),
        max_position_embeddings=model.value("context_length"),
        rope_parameters={"rope_type": "default", "rope_theta": model.value("rope.freq_base", 10000.0)},
        tie_word_embeddings=False,
    )
    window = model.value("attention.sliding_window")
    if model.architecture == "llama" and window:
        return MistralConfig(**common, sliding_window=window)
    if model.architecture == "starcoder2":
        return Starcoder2Config(**common, sliding_window=window, norm_epsilon=model.value("attention.layer_norm_epsilon"))
    if window:
        layers = range(common["num_hidden_layers"])
        common["layer_types"] = ["sliding_attention" if has_window(model, layer) else "full_attention" for layer in layers]
        common |= dict(sliding_window=window, use_sliding_window=True)
    if model.architecture == "gemma3":
        ropes = {"full_attention": common["rope_parameters"],
                 "sliding_attention": {"rope_type": "default", "rope_theta": model.value("rope.freq_base_swa", 10000.0)}}
        scale = dict(query_pre_attn_scalar=common["head_dim"], hidden_activation="gelu_pytorch_tanh")
        return Gemma3TextConfig(**{**common, **scale, "rope_parameters": ropes})
    return {"llama": LlamaConfig, "qwen2": Qwen2Config, "qwen3": Qwen3Config}[model.architecture](**common)


def has_window(model, layer):
    pattern = model.value("attention.sliding_window_pattern", 6 if model.architecture == "gemma3" else 0)
    if isinstance(pattern, list):
        return pattern[layer]
    return pattern == 0 or layer % pattern < pattern - 1


def unpermute(weights, heads):
    """The format stores q and k of `llama` with rotated pairs as neighbours; transformers pairs the halves of a head."""
    rows, cols = weights.shape
    return weights.reshape(heads, rows // heads // 2, 2, cols).swapaxes(1, 2).reshape(rows, cols)


def state_dict(model, config):
    import torch

    names = {
        "attn_norm.weight": "input_layernorm.weight",
        "attn_q.weight": "self_attn.q_proj.weight",
        "attn_k.weight": "self_attn.k_proj.weight",
        "attn_v.weight": "self_attn.v_proj.weight",
        "attn_q.bias": "self_attn.q_proj.bias",
        "attn_k.bias": "self_attn.k_proj.bias",
        "attn_v.bias": "self_attn.v_proj.bias",
        "attn_output.weight": "self_attn.o_proj.weight",
        "ffn_norm.weight": "post_attention_layernorm.weight",
        "ffn_gate.weight": "mlp.gate_proj.weight",
        "ffn_up.weight": "mlp.up_proj.weight",
        "ffn_down.weight": "mlp.down_proj.weight",
    }
    post = "post_feedforward_layernorm"
    if model.architecture == "gemma3":
        names |= {
            "ffn_norm.weight": "pre_feedforward_layernorm.weight",
            "post_attention_norm.weight": "post_attention_layernorm.weight",
            "post_ffw_norm.weight": f"{post}.weight",
        }
    if model.architecture == "starcoder2":
        names |= {"ffn_up.weight": "mlp.c_fc.weight", "ffn_down.weight": "mlp.c_proj.weight", "ffn_up.bias": "mlp.c_fc.bias",
                  "ffn_down.bias": "mlp.c_proj.bias", "attn_output.bias": "self_attn.o_proj.bias"}
    names |= {"attn_q_norm.weight": "self_attn.q_norm.weight", "attn_k_norm.weight": "self_attn.k_norm.weight",
              "attn_norm.bias": "input_layernorm.bias", "ffn_norm.bias": "post_attention_layernorm.bias"}
    heads = {"attn_q.weight": config.num_attention_heads, "attn_k.weight": config.num_key_value_heads}
    state = {
        "model.embed_tokens.weight": model.tensor("token_embd.weight"),
        "model.norm.weight": model.tensor("output_norm.weight"),
        "lm_head.weight": model.tensor("output.weight" if "output.weight" in model.tensors else "token_embd.weight"),
    }
    if "output_norm.bias" in model.tensors:
        state["model.norm.bias"] = model.tensor("output_norm.bias")
    for name in model.tensors:
        if not name.startswith("blk."):
            continue
        _, layer, part = name.split(".", 2)
        weights = model.tensor(name)
        if model.architecture == "llama" and part in heads:
            weights = unpermute(weights, heads[part])
        state[f"model.layers.{layer}.{names[part]}"] = weights
    if model.architecture == "gemma3":  # the file's gains are what transformers adds 1 to
        for name in state:
            if "norm" in name:
                state[name] = state[name] - 1
    return {name: torch.from_numpy(np.ascontiguousarray(weights)) for name, weights in state.items()}


def make_reference(args):
    import torch
    from transformers import AutoModelForCausalLM

    model = GgufModel(args.model)
    config = make_config(model)
    with torch.device("meta"):
        network = AutoModelForCausalLM.from_config(config, attn_implementation="eager")
    network.to_empty(device="cpu")
    # to_empty() left the rotary frequencies, which no file holds, without values.
    network.model.rotary_emb = type(network.model.rotary_emb)(config)
    if model.architecture == "gemma3":
        network.model.embed_tokens.embed_scale = torch.tensor(config.hidden_size**0.5)
    network.load_state_dict(state_dict(model, config), strict=True)
    network.float().eval()
    with torch.no_grad():
        logits = network(torch.tensor([read_tokens(args.tokens)])).logits[0]
    np.save(args.out, logits.float().numpy())


def log_softmax(logits):
    shifted = logits.astype(np.float64) - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def compare(args):
    reference = np.load(args.reference, mmap_mode="r")
    count, vocabulary = reference.shape
    print(f"{count} positions, vocabulary {vocabulary}")
    for path in args.logits:
        other = np.memmap(path, dtype=np.float32, mode="r").reshape(-1, vocabulary)[:count]
        agreed, divergences = 0, []
        for expected, got in zip(reference, other):
            p, q = log_softmax(expected), log_softmax(got)
            agreed += int(p.argmax() == q.argmax())
            divergences.append(float((np.exp(p) * (p - q)).sum()))
        rows = len(divergences)
        print(f"{path}: {rows} positions, top-1 {100 * agreed / rows:.2f} %, KL mean {np.mean(divergences):.6f}, "
              f"p99 {np.percentile(divergences, 99):.6f}, max {np.max(divergences):.6f}")


def make_golden(args):
    tokens = read_tokens(args.tokens)
    reference = np.load(args.reference, mmap_mode="r")
    step = len(tokens) // GOLDEN_POSITIONS
    with open(args.out, "w") as out:
        print("# Made by scripts/golden_logits.py: the reference's most probable tokens and their log-probabilities.", file=out)
        print("tokens", *tokens, file=out)
        for position in range(step - 1, len(tokens), step):
            p = log_softmax(reference[position])
            top = np.argsort(-p, kind="stable")[:GOLDEN_TOP]
            print("top", position, *(f"{token}:{p[token]:.5f}" for token in top), file=out)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, run, names in [("reference", make_reference, ["model", "tokens", "out"]),
                             ("golden", make_golden, ["model", "tokens", "reference", "out"])]:
        command = commands.add_parser(name)
        command.set_defaults(run=run)
        for argument in names:
            command.add_argument(argument)
    command = commands.add_parser("compare")
    command.set_defaults(run=compare)
    command.add_argument("reference")
    command.add_argument("logits", nargs="+")
    args = parser.parse_args()
    args.run(args)


if __name__ == "__main__":
    sys.exit(main())
