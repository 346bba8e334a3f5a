#!/usr/bin/env python3
"""Reads a model folder and prints its logits, with nothing but Python's standard library.

    read_mixture.py FOLDER ID...     prints a JSON list [T][V]: the logits after each of the ids

It shares no code with the trainer. It was written from design.md, section 7 (file, tensor and key names) and the formulas of the BAM paper
(arXiv 2408.08274, sections 3 and 4), to show that a model can be read by who knows no more than that. Slow; for small models.
"""
import json
import math
import os
import struct
import sys


def read_tensors(path):
    """safetensors: 8 bytes length, a JSON header, then the values; name -> (shape, flat list of floats)."""
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = file.read()
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        if entry["dtype"] != "F32":
            sys.exit(f"{path}: tensor {name} is {entry['dtype']}, not F32; this reader knows no other type")
        begin, end = entry["data_offsets"]
        tensors[name] = (entry["shape"], struct.unpack(f"<{(end - begin) // 4}f", data[begin:end]))
    return tensors


class Model:
    def __init__(self, folder):
        with open(os.path.join(folder, "config.json"), encoding="utf-8") as file:
            self.config = json.load(file)
        self.tensors = read_tensors(os.path.join(folder, "model.safetensors"))
        self.head_width = self.config["width"] // self.config["heads"]

    def rows(self, name, expert=None):
        """A matrix as a list of rows; of a stack [E, out, in] the one of an expert."""
        shape, values = self.tensors[name]
        rows, columns = shape[-2], shape[-1]
        start = 0 if expert is None else expert * rows * columns
        return [values[start + r * columns:start + (r + 1) * columns] for r in range(rows)]

    def weight(self, room, part, expert):
        """An expert's own matrix, or the one that all experts (or a dense model) have."""
        stacked = f"{room}.experts.{part}"
        return self.rows(stacked, expert) if stacked in self.tensors else self.rows(f"{room}.{part}.weight")

    def logits(self, ids):
        config = self.config
        embedding = self.rows("embed.weight")
        xs = [list(embedding[i]) for i in ids]
        for layer in range(config["layers"]):
            block = f"blocks.{layer}"
            ns = [self.norm(x, f"{block}.norm.weight") for x in xs]
            attention = self.attention(ns, f"{block}.attention")
            xs = [add(x, a, self.feed_forward(n, f"{block}.ffn")) for x, a, n in zip(xs, attention, ns)]
        head = embedding if config["tied"] else self.rows("head.weight")
        return [apply(head, self.norm(x, "norm.weight")) for x in xs]

    def norm(self, x, name):
        mean = sum(x) / len(x) if self.config["norm"] == "layernorm" else 0.0
        variance = sum((v - mean) ** 2 for v in x) / len(x)
        scale = 1 / math.sqrt(variance + self.config["norm_eps"])
        return [(v - mean) * scale * w for v, w in zip(x, self.tensors[name][1])]

    def attention(self, ns, room):
        """y_t = sum_j g_j(n_t) Attn_j(n)_t, g = softmax(W_a n_t) over all experts."""
        router = f"{room}.router.weight"
        if router not in self.tensors:
            return self.heads(ns, room, None)
        if self.config["attention"] != "soft":
            sys.exit(f"attention is {self.config['attention']}; this reader knows soft and unrouted attention")
        experts = [self.heads(ns, room, j) for j in range(self.config["experts"])]
        outputs = []
        for t, n in enumerate(ns):
            gates = softmax(apply(self.rows(router), n))
            outputs.append(add(*([g * v for v in expert[t]] for g, expert in zip(gates, experts))))
        return outputs

    def heads(self, ns, room, expert):
        config, k = self.config, self.head_width
        queries, keys, values, output = (self.weight(room, part, expert) for part in "qkvo")
        qs = [self.turn(apply(queries, n), t) for t, n in enumerate(ns)]
        ks = [self.turn(apply(keys, n), t) for t, n in enumerate(ns)]
        vs = [apply(values, n) for n in ns]
        group = config["heads"] // config["kv_heads"]
        outputs = []
        for t in range(len(ns)):
            heard = []
            for head in range(config["heads"]):
                q = qs[t][head * k:(head + 1) * k]
                at = head // group * k
                scores = softmax([dot(q, ks[s][at:at + k]) / math.sqrt(k) for s in range(t + 1)])
                heard += [sum(p * vs[s][at + i] for s, p in enumerate(scores)) for i in range(k)]
            outputs.append(apply(output, heard))
        return outputs

    def turn(self, x, t):
        """RoPE: pair j of a head, neighbours or half a head apart, is turned by t theta^(-2j/K)."""
        k, half = self.head_width, self.head_width // 2
        turned = list(x)
        for start in range(0, len(x), k):
            for j in range(half):
                angle = t * self.config["rope_theta"] ** (-2 * j / k)
                a, b = (start + 2 * j, start + 2 * j + 1) if self.config["rope_interleaved"] else (start + j, start + half + j)
                turned[a] = x[a] * math.cos(angle) - x[b] * math.sin(angle)
                turned[b] = x[a] * math.sin(angle) + x[b] * math.cos(angle)
        return turned

    def feed_forward(self, n, room):
        """sum over the top-k of p_i(n) FFN_i(n), p = softmax(W_f n) over all experts, renormalised only where config.json says so."""
        if self.config["experts"] == 0:
            return self.swiglu(n, room, None)
        gates = softmax(apply(self.rows(f"{room}.router.weight"), n))
        chosen = sorted(range(len(gates)), key=lambda i: -gates[i])[:self.config["ffn_top_k"]]
        total = sum(gates[i] for i in chosen) if self.config["ffn_renormalise"] else 1.0
        return add(*([gates[i] / total * v for v in self.swiglu(n, room, i)] for i in chosen))

    def swiglu(self, n, room, expert):
        gate, up, down = (self.weight(room, part, expert) for part in ("gate", "up", "down"))
        return apply(down, [g / (1 + math.exp(-g)) * u for g, u in zip(apply(gate, n), apply(up, n))])


def dot(a, b):
    return sum(x * y for x, y in zip(a, b))


def apply(matrix, x):
    return [dot(row, x) for row in matrix]


def add(*vectors):
    return [sum(values) for values in zip(*vectors)]


def softmax(x):
    largest = max(x)
    powers = [math.exp(v - largest) for v in x]
    total = sum(powers)
    return [p / total for p in powers]


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit("usage: read_mixture.py FOLDER ID...")
    json.dump(Model(sys.argv[1]).logits([int(i) for i in sys.argv[2:]]), sys.stdout)
