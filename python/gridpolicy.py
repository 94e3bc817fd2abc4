#!/usr/bin/env python3
"""An independent executor of `gridpolicy/int16/1` policy artifacts: integers and the standard library only.

Written from docs/spec/policy.md; section numbers below are those of that page.

    gridpolicy.py check FILE.json...        conformance files (docs/reference/conformance.md)
    gridpolicy.py id ARTIFACT               CID and gas
    gridpolicy.py load < artifacts          hex, one artifact a line: its CID, or the code it is refused with
    gridpolicy.py run ARTIFACT < vectors    one JSON array of raw integers a line, null = missing
    gridpolicy.py vec ARTIFACT COUNT        SHA-256 of the outputs of the first COUNT vectors of 3.14
    gridpolicy.py chain ARTIFACT COUNT      digest chain over the outputs of COUNT vectors, 4096 a chunk

A refused artifact ends with exit code 1 and `CODE: detail` on stderr; codes are those of section 3.12.
"""

import base64
import hashlib
import json
import math
import operator
import re
import struct
import sys

VERSION = "gridpolicy/int16/1"
UNITS = set("hz.e-3 hz.e-6 w var wh wh.e-3 v.pu.e-6 ratio.e-3 ratio.e-6 cur.e-6.per-mwh s ms idx".split())
NAME = re.compile(r"[a-z0-9._/-]{1,32}\Z", re.ASCII)
I16_MAX = 32767
I32_MIN, I32_MAX = -(2**31), 2**31 - 1
EXACT = 2**53 - 1
MAX_BYTES, MAX_DEPTH, MAX_ITEMS = 256 * 1024, 6, 10_000
TANH_SHA256 = "013821c2375b135ddce3cec0b69136e49569611eca412c795d3386d13cd1a738"


class Refused(Exception):
    """The artifact is not accepted; `code` is stable."""

    def __init__(self, code, detail=""):
        super().__init__(f"{code}: {detail}")
        self.code = code


def need(condition, code, detail=""):
    if not condition:
        raise Refused(code, detail)


# --- 3.12 canonical bytes -------------------------------------------------------------------------


def read_head(data, at):
    """One CBOR head: (major type, argument, position after it)."""
    need(at < len(data), "cbor.malformed", "the bytes end inside an item")
    major, info = data[at] >> 5, data[at] & 31
    if info < 24:
        return major, info, at + 1
    need(info < 28, "cbor.malformed", f"additional information {info}: an indefinite or reserved length")
    end = at + 1 + (1 << (info - 24))
    need(end <= len(data), "cbor.malformed", "the bytes end inside a head")
    return major, int.from_bytes(data[at + 1 : end], "big"), end


def scan(data):
    """Bounds the bytes in one pass, without recursion and without building anything."""
    need(1 <= len(data) <= MAX_BYTES, "cbor.bounds", f"{len(data)} bytes")
    at, items, open_items = 0, 0, [1]
    while open_items:
        if open_items[-1] == 0:
            open_items.pop()
            continue
        open_items[-1] -= 1
        if at < len(data):
            need(data[at] >> 5 not in (6, 7), "cbor.bounds", "a tag, float or simple value")
        major, argument, at = read_head(data, at)
        items += 1
        need(items <= MAX_ITEMS, "cbor.bounds", "more than 10 000 items")
        if major in (2, 3):
            need(argument <= len(data) - at, "cbor.malformed", "a string longer than the bytes")
            at += argument
        elif major in (4, 5):
            need(len(open_items) <= MAX_DEPTH, "cbor.bounds", "nested too deep")
            open_items.append(argument if major == 4 else 2 * argument)
    need(at == len(data), "cbor.malformed", "bytes after the document")


def decode_item(data, at):
    major, argument, at = read_head(data, at)
    if major < 2:
        value = argument if major == 0 else -1 - argument
        need(abs(value) <= EXACT, "cbor.malformed", "an integer beyond 2^53-1")
        return value, at
    if major == 2:
        return data[at : at + argument], at + argument
    if major == 3:
        return decode_text(data[at : at + argument]), at + argument
    if major == 4:
        items = []
        for _ in range(argument):
            item, at = decode_item(data, at)
            items.append(item)
        return items, at
    return decode_map(data, at, argument)


def decode_text(raw):
    try:
        return raw.decode("utf-8", "strict")
    except UnicodeDecodeError:
        raise Refused("cbor.malformed", "text that is not UTF-8") from None


def decode_map(data, at, count):
    result = {}
    for _ in range(count):
        key, at = decode_item(data, at)
        need(isinstance(key, str), "cbor.malformed", "a map key that is not text")
        need(key not in result, "cbor.malformed", f"key {key} twice")
        result[key], at = decode_item(data, at)
    return result, at


def encode_head(major, argument):
    if argument < 24:
        return bytes([major << 5 | argument])
    size = 0 if argument < 2**8 else 1 if argument < 2**16 else 2 if argument < 2**32 else 3
    return bytes([major << 5 | 24 + size]) + argument.to_bytes(1 << size, "big")


def encode(value):
    if isinstance(value, int):
        return encode_head(0, value) if value >= 0 else encode_head(1, -1 - value)
    if isinstance(value, bytes):
        return encode_head(2, len(value)) + value
    if isinstance(value, str):
        raw = value.encode("utf-8")
        return encode_head(3, len(raw)) + raw
    if isinstance(value, list):
        return encode_head(4, len(value)) + b"".join(map(encode, value))
    keys = sorted(value, key=lambda key: (len(key.encode("utf-8")), key.encode("utf-8")))
    return encode_head(5, len(keys)) + b"".join(encode(key) + encode(value[key]) for key in keys)


def decode(data):
    scan(data)
    value, _ = decode_item(data, 0)
    need(encode(value) == data, "cbor.canonical", "the bytes are not the canonical encoding of their content")
    return value


# --- 3.12 schema ----------------------------------------------------------------------------------


def fields(value, where, **kinds):
    """A map with exactly these keys, each of its kind."""
    need(isinstance(value, dict), "policy.schema", f"{where} is not a map")
    need(set(value) == set(kinds), "policy.schema", f"{where} has keys {sorted(value)}")
    for key, kind in kinds.items():
        need(type(value[key]) is kind, "policy.schema", f"{where}.{key} is not {kind.__name__}")


def in_range(value, low, high, where):
    need(low <= value <= high, "policy.range", f"{where} = {value} is outside {low}..{high}")


def named(entry, where):
    need(NAME.match(entry["n"]), "policy.name", f"{where}.n = {entry['n']!r}")
    need(entry["u"] in UNITS, "policy.unit", f"{where}.u = {entry['u']!r}")
    in_range(entry["lo"], I32_MIN, I32_MAX, where + ".lo")
    in_range(entry["hi"], entry["lo"], I32_MAX, where + ".hi")


def unique(entries, where):
    need(len({entry["n"] for entry in entries}) == len(entries), "policy.name", f"a name twice in {where}")


def tensor(raw, form, count, where):
    size = struct.calcsize(form)
    need(len(raw) == size * count, "policy.tensor", f"{where} has {len(raw)} bytes, not {size * count}")
    return list(struct.unpack(f"<{count}{form}", raw))


def check_schema(doc):
    need(isinstance(doc, dict), "policy.schema", "not a map")
    need("v" in doc, "policy.schema", "no v")
    need(doc["v"] == VERSION, "policy.version", f"v = {doc['v']!r}")
    fields(doc, "artifact", v=str, head=dict, layers=list, env=list, fb=list, st=list, **{"in": list})
    for i, entry in enumerate(doc["in"]):
        fields(entry, f"in[{i}]", n=str, u=str, lo=int, hi=int, c=int, m=int, t=int)
    for i, layer in enumerate(doc["layers"]):
        hard = isinstance(layer, dict) and layer.get("a") == "hardtanh"
        fields(layer, f"layers[{i}]", i=int, o=int, s=int, w=bytes, b=bytes, a=str, **({"k": int} if hard else {}))
        need(layer["a"] in ("relu", "hardtanh", "tanh", "identity"), "policy.schema", f"layers[{i}].a = {layer['a']!r}")
    check_head_schema(doc["head"])
    for i, entry in enumerate(doc["env"]):
        fields(entry, f"env[{i}]", d=int, sk=str, si=int, r=bytes, l=bytes, h=bytes)
        need(entry["sk"] in ("in", "out"), "policy.schema", f"env[{i}].sk = {entry['sk']!r}")
    for i, entry in enumerate(doc["fb"]):
        fields(entry, f"fb[{i}]", si=int, r=bytes, y=bytes, z=int)
    for i, entry in enumerate(doc["st"]):
        fields(entry, f"st[{i}]", i=int, d=int, z=int)


def check_head_schema(head):
    kind = head.get("k")
    need(kind in ("cont", "disc"), "policy.schema", f"head.k = {kind!r}")
    fields(head, "head", k=str, out=list, **({"tab": bytes} if kind == "disc" else {}))
    extra = {"m": int, "t": int, "c": int} if kind == "cont" else {}
    for i, entry in enumerate(head["out"]):
        fields(entry, f"head.out[{i}]", n=str, u=str, lo=int, hi=int, **extra)


# --- 3.2 to 3.9: the checks -----------------------------------------------------------------------


class Policy:
    """A loaded artifact: `cid`, `digest`, `gas`, and `run`."""

    def __init__(self, data):
        doc = decode(bytes(data))
        check_schema(doc)
        self.inputs, self.outputs = doc["in"], doc["head"]["out"]
        self.continuous = doc["head"]["k"] == "cont"
        self.check_inputs()
        self.check_outputs()
        self.layers = doc["layers"]
        self.check_layers()
        self.check_table(doc["head"])
        self.state = doc["st"]
        self.check_state()
        need(len(doc["env"]) <= 16, "policy.limits", "more than 16 envelopes")
        self.envelopes = [self.envelope(entry, f"env[{i}]") for i, entry in enumerate(doc["env"])]
        need(len(doc["fb"]) == len(self.outputs), "policy.fallback", f"{len(doc['fb'])} entries")
        self.fallbacks = [self.fallback(entry, d) for d, entry in enumerate(doc["fb"])]
        self.digest = hashlib.sha256(data).digest()
        # 3.13: version 1, codec 0x71, multihash sha2-256 of 32 bytes.
        cid = b"\x01\x71\x12\x20" + self.digest
        self.cid = "b" + base64.b32encode(cid).decode("ascii").lower().rstrip("=")
        self.gas = self.cost()

    def check_inputs(self):
        need(1 <= len(self.inputs) <= 64, "policy.limits", f"{len(self.inputs)} inputs")
        for i, entry in enumerate(self.inputs):
            named(entry, f"in[{i}]")
            in_range(entry["c"], entry["lo"], entry["hi"], f"in[{i}].c")
            in_range(entry["m"], 1, I16_MAX, f"in[{i}].m")
            in_range(entry["t"], 0, 40, f"in[{i}].t")
        unique(self.inputs, "in")

    def check_outputs(self):
        need(1 <= len(self.outputs) <= 16, "policy.limits", f"{len(self.outputs)} outputs")
        for i, entry in enumerate(self.outputs):
            named(entry, f"head.out[{i}]")
            if self.continuous:
                in_range(entry["m"], -I32_MAX, I32_MAX, f"head.out[{i}].m")
                in_range(entry["t"], 0, 40, f"head.out[{i}].t")
                in_range(entry["c"], I32_MIN, I32_MAX, f"head.out[{i}].c")
        unique(self.outputs, "head.out")

    def check_layers(self):
        layers = self.layers
        need(1 <= len(layers) <= 4, "policy.limits", f"{len(layers)} layers")
        for j, layer in enumerate(layers):
            for key in ("i", "o"):
                need(1 <= layer[key] <= 256, "policy.limits", f"layers[{j}].{key} = {layer[key]}")
        weights = sum(layer["i"] * layer["o"] for layer in layers)
        need(weights <= 65_536, "policy.limits", f"{weights} weights")
        incoming = len(self.inputs)
        x_max = [max(abs(normalise(entry, entry["lo"])), abs(normalise(entry, entry["hi"]))) for entry in self.inputs]
        for j, layer in enumerate(layers):
            need(layer["i"] == incoming, "policy.layers", f"layers[{j}].i = {layer['i']}, not {incoming}")
            incoming = layer["o"]
            x_max = self.check_layer(layer, f"layers[{j}]", x_max, j == len(layers) - 1)

    def check_layer(self, layer, where, x_max, last):
        """Tensors, activation and 3.6; gives xmax for the next layer."""
        in_range(layer["s"], 0, 30, where + ".s")
        if layer["a"] == "hardtanh":
            in_range(layer["k"], 0, 14, where + ".k")
        if layer["a"] == "identity":
            need(last, "policy.layers", f"{where}: identity before the last layer")
        if last:
            allowed = ("identity", "tanh", "hardtanh") if self.continuous else ("identity",)
            need(layer["a"] in allowed, "policy.head", f"{where}: {layer['a']} before this head")
        flat = tensor(layer["w"], "h", layer["i"] * layer["o"], where + ".w")
        need(min(flat) >= -I16_MAX, "policy.tensor", f"{where}.w holds -32768")
        layer["rows"] = [flat[o * layer["i"] : (o + 1) * layer["i"]] for o in range(layer["o"])]
        layer["bias"] = tensor(layer["b"], "i", layer["o"], where + ".b")
        for o, row in enumerate(layer["rows"]):
            total = dot(map(abs, row), x_max) + abs(layer["bias"][o]) + half(layer["s"])
            need(total <= I32_MAX, "policy.overflow", f"{where} row {o}: {total}")
        return [2 ** layer["k"] if layer["a"] == "hardtanh" else I16_MAX] * layer["o"]

    def check_table(self, head):
        units, outputs = self.layers[-1]["o"], len(self.outputs)
        if self.continuous:
            need(units == outputs, "policy.head", f"{units} units for {outputs} outputs")
            return
        actions, rest = divmod(len(head["tab"]), 4 * outputs)
        need(rest == 0, "policy.tensor", f"head.tab has {len(head['tab'])} bytes")
        need(actions == units, "policy.head", f"{units} units for {actions} actions")
        need(2 <= actions <= 256, "policy.limits", f"{actions} actions")
        flat = tensor(head["tab"], "i", units * outputs, "head.tab")
        self.table = [flat[a * outputs : (a + 1) * outputs] for a in range(units)]
        for row in self.table:
            for d, value in enumerate(row):
                need(self.within(value, d), "policy.head", f"an action gives output {d} the value {value}")

    def within(self, value, d):
        return self.outputs[d]["lo"] <= value <= self.outputs[d]["hi"]

    def check_state(self):
        need(len(self.state) <= 16, "policy.limits", "more than 16 state entries")
        for j, entry in enumerate(self.state):
            valid = 0 <= entry["i"] < len(self.inputs) and 0 <= entry["d"] < len(self.outputs)
            need(valid, "policy.state", f"st[{j}] names no input or no output")
            need(I32_MIN <= entry["z"] <= I32_MAX, "policy.state", f"st[{j}].z = {entry['z']}")
        need(len({entry["i"] for entry in self.state}) == len(self.state), "policy.state", "an input twice")

    def has_flag(self, i):
        """3.9: an input with a missing flag of its own."""
        return 0 <= i < len(self.inputs) and (len(self.inputs) <= 32 or i <= 30)

    def envelope(self, entry, where):
        code = "policy.envelope"
        need(0 <= entry["d"] < len(self.outputs), code, f"{where}.d = {entry['d']}")
        if entry["sk"] == "in":
            need(self.has_flag(entry["si"]), code, f"{where}.si = {entry['si']}")
        else:
            need(0 <= entry["si"] < len(self.outputs) and entry["si"] != entry["d"], code, f"{where}.si = {entry['si']}")
        knots = read_knots(entry["r"], code, where)
        low, high = (read_values(entry[key], knots, code, where) for key in ("l", "h"))
        for a, b in zip(low, high):
            need(a <= b, code, f"{where}: l above h")
            need(self.within(a, entry["d"]) and self.within(b, entry["d"]), code, f"{where}: beyond the output's bounds")
        for j in range(len(knots) - 1):
            apart = high[j] - low[j] >= 1 and high[j + 1] - low[j + 1] >= 1
            level = low[j] == low[j + 1] or high[j] == high[j + 1]
            need(apart or level, code, f"{where}: no integer may remain in segment {j}")
        return {**entry, "knots": knots, "low": low, "high": high}

    def fallback(self, entry, d):
        code, where = "policy.fallback", f"fb[{d}]"
        need(self.has_flag(entry["si"]), code, f"{where}.si = {entry['si']}")
        knots = read_knots(entry["r"], code, where)
        values = read_values(entry["y"], knots, code, where)
        need(all(self.within(value, d) for value in [*values, entry["z"]]), code, f"{where}: beyond the output's bounds")
        return {**entry, "knots": knots, "values": values}

    def cost(self):
        """3.11."""
        gas = 100 + 8 * len(self.inputs) + 16 * len(self.envelopes)
        for layer in self.layers:
            gas += layer["i"] * layer["o"] + {"identity": 0, "tanh": 12}.get(layer["a"], 2) * layer["o"]
        return gas + (4 * len(self.outputs) if self.continuous else 2 * self.layers[-1]["o"])

    # --- execution --------------------------------------------------------------------------------

    def run(self, raw, missing=(), suspended=False):
        """Outputs for raw integers (i32) and the set of indices of inputs flagged as missing."""
        fallback = missing or suspended
        out = self.answer_fallback(raw, missing) if fallback else self.answer_network(raw)
        return self.apply_envelopes(out, raw, missing)

    def apply_envelopes(self, out, raw, missing):
        for entry in self.envelopes:
            if entry["sk"] == "in" and entry["si"] in missing:
                continue
            source = raw[entry["si"]] if entry["sk"] == "in" else out[entry["si"]]
            lower = interpolate(entry["knots"], entry["low"], source, ceil_div)
            upper = interpolate(entry["knots"], entry["high"], source, operator.floordiv)
            out[entry["d"]] = min(max(out[entry["d"]], lower), upper)
        return out

    def answer_fallback(self, raw, missing):
        return [
            entry["z"] if entry["si"] in missing
            else interpolate(entry["knots"], entry["values"], raw[entry["si"]], operator.floordiv)
            for entry in self.fallbacks
        ]

    def answer_network(self, raw):
        x = [normalise(entry, r) for entry, r in zip(self.inputs, raw)]
        for layer in self.layers:
            x = dense(layer, x)
        if self.continuous:
            return [head_value(entry, y) for entry, y in zip(self.outputs, x)]
        return list(self.table[argmax(x)])

    def vectors(self):
        """3.14: raw input vectors without end."""
        boxes = [(entry["lo"], entry["hi"]) for entry in self.inputs]
        return generate(self.digest, boxes)


def read_knots(raw, code, where):
    need(len(raw) % 4 == 0, "policy.tensor", f"{where}.r has {len(raw)} bytes")
    need(raw, code, f"{where} has no knot")
    need(len(raw) <= 4 * 64, "policy.limits", f"{where} has {len(raw) // 4} knots")
    knots = tensor(raw, "i", len(raw) // 4, where)
    need(all(a < b for a, b in zip(knots, knots[1:])), code, f"{where}: knots do not rise")
    return knots


def read_values(raw, knots, code, where):
    need(len(raw) == 4 * len(knots), code, f"{where}: {len(raw)} bytes for {len(knots)} knots")
    values = tensor(raw, "i", len(knots), where)
    for j in range(len(knots) - 1):
        product = abs(values[j + 1] - values[j]) * (knots[j + 1] - knots[j])
        need(product <= EXACT, code, f"{where}: segment {j} is too steep")
    return values


# --- 3.2 to 3.8: the arithmetic -------------------------------------------------------------------


def half(s):
    """r(s) of the page."""
    return 0 if s == 0 else 1 << (s - 1)


def clamp(x, a, b):
    return min(max(x, a), b)


def ceil_div(a, b):
    return -(-a // b)


def dot(a, b):
    return sum(map(operator.mul, a, b))


dot = getattr(math, "sumprod", dot)  # exact and faster, from Python 3.12


def shift_round(acc, s):
    return (acc + half(s)) >> s


def normalise(entry, r):
    v = clamp(r, entry["lo"], entry["hi"]) - entry["c"]
    return clamp((v * entry["m"] + half(entry["t"])) // 2 ** entry["t"], -I16_MAX, I16_MAX)


def head_value(entry, z):
    y = clamp(z, -I16_MAX, I16_MAX)
    scaled = (y * entry["m"] + half(entry["t"])) // 2 ** entry["t"]
    return clamp(scaled + entry["c"], entry["lo"], entry["hi"])


def dense(layer, x):
    activation = ACTIVATIONS[layer["a"]]
    return [activation(shift_round(dot(row, x) + b, layer["s"]), layer) for row, b in zip(layer["rows"], layer["bias"])]


def relu(z, _=None):
    return clamp(z, 0, I16_MAX)


def hardtanh(z, layer):
    return clamp(z, -(2 ** layer["k"]), 2 ** layer["k"])


def tanh(z, _=None):
    a = min(abs(z), 8 * 65536 - 1)
    i, f = a >> 10, a & 1023
    y = TANH[i] + (((TANH[i + 1] - TANH[i]) * f + 512) >> 10)
    return -y if z < 0 else y


ACTIVATIONS = {"relu": relu, "hardtanh": hardtanh, "tanh": tanh, "identity": lambda z, _=None: z}


def argmax(z):
    return max(range(len(z)), key=lambda i: (z[i], -i))


def interpolate(knots, values, r, divide):
    if r <= knots[0]:
        return values[0]
    if r >= knots[-1]:
        return values[-1]
    j = max(j for j in range(len(knots)) if knots[j] <= r)
    return values[j] + divide((values[j + 1] - values[j]) * (r - knots[j]), knots[j + 1] - knots[j])


def tanh_table():
    """T[i] = round(32767*tanh(i/64)), from exp(1/32) in 256-bit fixed point."""
    one = 1 << 256
    step, term, n = 0, one, 0
    while term:
        step += term
        n += 1
        term //= 32 * n
    table, power = [], one  # power = exp(2*i/64)
    for _ in range(513):
        table.append((2 * I16_MAX * (power - one) + power + one) // (2 * (power + one)))
        power = power * step >> 256
    need(hashlib.sha256(struct.pack("<513h", *table)).hexdigest() == TANH_SHA256, "policy.selfTest", "tanh table")
    return table


TANH = tanh_table()


# --- 3.14 self-test vectors -----------------------------------------------------------------------


def rotl(x, k):
    return (x << k | x >> (32 - k)) & 0xFFFFFFFF


def xoshiro128starstar(digest):
    s = list(struct.unpack("<4I", digest[:16]))
    if not any(s):
        s[0] = 1
    while True:
        yield rotl(s[1] * 5 & 0xFFFFFFFF, 7) * 9 & 0xFFFFFFFF
        t = s[1] << 9 & 0xFFFFFFFF
        s[2] ^= s[0]
        s[3] ^= s[1]
        s[1] ^= s[2]
        s[0] ^= s[3]
        s[2] ^= t
        s[3] = rotl(s[3], 11)


def generate(digest, boxes):
    draw = xoshiro128starstar(digest)
    edges = [
        (lo, hi, max(lo - 1, I32_MIN), min(hi + 1, I32_MAX), I32_MIN, I32_MAX, lo + (hi - lo) // 2, clamp(0, lo, hi))
        for lo, hi in boxes
    ]
    while True:
        vector = []
        for (lo, hi), edge in zip(boxes, edges):
            u, w = next(draw), next(draw)
            vector.append(edge[w & 7] if u & 7 == 0 else lo + w % (hi - lo + 1))
        yield vector


def output_chunks(policy, count, size):
    """The outputs of the first `count` vectors as i32 LE, `size` vectors at a time."""
    vectors = policy.vectors()
    for start in range(0, count, size):
        flat = [p for _ in range(min(size, count - start)) for p in policy.run(next(vectors))]
        yield struct.pack(f"<{len(flat)}i", *flat)


def vector_digest(policy, count):
    sha = hashlib.sha256()
    for chunk in output_chunks(policy, count, 4096):
        sha.update(chunk)
    return sha.hexdigest()


def chain_digest(policy, count):
    digest = bytes(32)
    for chunk in output_chunks(policy, count, 4096):
        digest = hashlib.sha256(digest + chunk).digest()
    return digest.hex()


# --- command line ---------------------------------------------------------------------------------


def load(path):
    with open(path, "rb") as file:
        return Policy(file.read(MAX_BYTES + 1))


def outcome(data):
    """CID, or code of refusal."""
    try:
        return Policy(data).cid
    except Refused as refused:
        return refused.code


def run_lines(policy, lines):
    """One JSON array a line in, one out; null is a missing input."""
    for line in filter(str.strip, lines):
        vector = json.loads(line)
        if not isinstance(vector, list) or len(vector) != len(policy.inputs):
            raise ValueError(f"expected an array of {len(policy.inputs)} integers or nulls, got {line.strip()[:80]}")
        if not all(r is None or (type(r) is int and I32_MIN <= r <= I32_MAX) for r in vector):
            raise ValueError(f"expected i32 integers or nulls, got {line.strip()[:80]}")
        missing = {i for i, r in enumerate(vector) if r is None}
        print(json.dumps(policy.run([r or 0 for r in vector], missing)))


def main(arguments):
    command, rest = (arguments[0], arguments[1:]) if arguments else ("", [])
    if command == "check" and rest:
        import conformance

        return conformance.check_files(rest)
    if command == "load" and not rest:
        for line in sys.stdin:
            print(outcome(bytes.fromhex(line)))
    elif command == "id" and len(rest) == 1:
        policy = load(rest[0])
        print(json.dumps({"cid": policy.cid, "gas": policy.gas}))
    elif command == "run" and len(rest) == 1:
        run_lines(load(rest[0]), sys.stdin)
    elif command in ("vec", "chain") and len(rest) == 2 and rest[1].isdecimal():
        digest = vector_digest if command == "vec" else chain_digest
        print(digest(load(rest[0]), int(rest[1])))
    else:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (Refused, OSError, ValueError) as error:
        print(error, file=sys.stderr)
        sys.exit(1)
