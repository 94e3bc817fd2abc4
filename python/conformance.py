"""Runs conformance files (docs/reference/conformance.md) against gridpolicy.py."""

import hashlib
import json
import struct
import sys

import gridpolicy as gp

FORMAT = "gridpolicy-conformance/1"


def unpack(parts):
    return b"".join(bytes.fromhex(p) if isinstance(p, str) else bytes.fromhex(p[0]) * p[1] for p in parts)


def from_json(value):
    """A document of JSON, byte strings as {"hex": ...}."""
    if isinstance(value, dict):
        return bytes.fromhex(value["hex"]) if set(value) == {"hex"} else {k: from_json(v) for k, v in value.items()}
    return [from_json(item) for item in value] if isinstance(value, list) else value


# --- arithmetic: op -> function of the columns but the last ---------------------------------------


def envelope(env, raw, start):
    policy = gp.Policy.__new__(gp.Policy)
    policy.envelopes = [{**e, "knots": e["r"], "low": e["l"], "high": e["h"]} for e in env]
    missing = {i for i, r in enumerate(raw) if r is None}
    return policy.apply_envelopes(list(start), [r or 0 for r in raw], missing)


def constants(lo, hi, c, m, t):
    return {"lo": lo, "hi": hi, "c": c, "m": m, "t": t}


def tanh_digest(first, last):
    values = [gp.tanh(z) for z in range(first, last + 1)]
    odd = all(a == -b for a, b in zip(values, reversed(values)))
    rising = all(a <= b for a, b in zip(values, values[1:]))
    return hashlib.sha256(struct.pack(f"<{len(values)}h", *values)).hexdigest() if odd and rising else "not odd or not rising"


OPS = {
    "round": gp.shift_round,
    "relu": gp.relu,
    "hardtanh": lambda k, z: gp.hardtanh(z, {"k": k}),
    "tanh": gp.tanh,
    "tanhDigest": tanh_digest,
    "row": lambda w, x, b, s: gp.shift_round(gp.dot(w, x) + b, s),
    "normalise": lambda lo, hi, c, m, t, r: gp.normalise(constants(lo, hi, c, m, t), r),
    "head": lambda lo, hi, c, m, t, z: gp.head_value(constants(lo, hi, c, m, t), z),
    "table": lambda r, y, at: gp.interpolate(r, y, at, lambda a, b: a // b),
    "argmax": gp.argmax,
    "envelope": envelope,
}


def check_arithmetic(case):
    for *given, expected in case["rows"]:
        yield given, OPS[case["op"]](*given), expected


# --- loader ---------------------------------------------------------------------------------------


def same_refusal(got, expected):
    """Which of its own words a decoder uses for broken bytes is free; all else is not."""
    return got == expected or got.startswith("cbor.") and expected.startswith("cbor.")


def check_loader(case):
    if case["id"] == "L4":
        yield "document", gp.outcome(gp.encode(from_json(case["document"]))), case["cid"]
    elif case["id"] == "L5":
        form = {"i16": "h", "i32": "i"}[case["type"]]
        yield "values", gp.tensor(bytes.fromhex(case["hex"]), form, len(case["values"]), "L5"), case["values"]
    elif case["id"] == "L6":
        yield from check_flips(case)
    elif "refused" in case:
        got = gp.outcome(unpack(case["bytes"]))
        yield "refused", case["refused"] if same_refusal(got, case["refused"]) else got, case["refused"]
    else:
        data = unpack(case["bytes"])
        yield "cid", gp.outcome(data), case["cid"]
        yield "again", gp.encode(gp.decode(data)).hex(), data.hex()


def check_flips(case):
    data = unpack(case["bytes"])
    name = gp.Policy(data).cid
    loads = ""
    for at in range(len(data)):
        for bit in range(8):
            flipped = bytearray(data)
            flipped[at] ^= 1 << bit
            got = gp.outcome(bytes(flipped))
            yield f"flip {at}.{bit}", got != name, True
            loads += "0" if "." in got else "1"
    yield "loaded", loads.count("1"), case["loaded"]
    yield "sha256", hashlib.sha256(loads.encode("ascii")).hexdigest(), case["sha256"]


# --- artifacts ------------------------------------------------------------------------------------


def check_artifact(case):
    policy = gp.Policy(unpack(case["bytes"]))
    yield "cid", policy.cid, case["cid"]
    yield "gas", policy.gas, case["gas"]
    for row in case["rows"]:
        missing = {i for i, r in enumerate(row["raw"]) if r is None}
        got = policy.run([r or 0 for r in row["raw"]], missing, row.get("suspended", False))
        yield row["raw"], got, row["out"]
    for count, digest in case["digests"].items():
        yield f"digest of {count}", gp.vector_digest(policy, int(count)), digest


SUITES = {"arithmetic": check_arithmetic, "loader": check_loader, "artifacts": check_artifact}


def check_file(path):
    """Counts of passed and failed checks; each failure is a line on stderr."""
    with open(path, encoding="utf-8") as file:
        document = json.load(file)
    if not isinstance(document, dict) or document.get("format") != FORMAT or document.get("suite") not in SUITES:
        raise ValueError(f"{path}: not a conformance file of format {FORMAT}")
    if document["semantics"] != gp.VERSION:
        raise ValueError(f"{path}: semantics {document['semantics']}, this is {gp.VERSION}")
    passed = failed = 0
    for case in document["cases"]:
        for given, got, expected in SUITES[document["suite"]](case):
            if got == expected and type(got) is type(expected):
                passed += 1
            else:
                failed += 1
                label = case.get("id", case.get("name"))
                print(f"{label} {case['title']}: {given}: expected {expected}, got {got}", file=sys.stderr)
    print(f"{document['suite']}: {len(document['cases'])} cases, {passed} checks passed, {failed} failed")
    return failed


def check_files(paths):
    return 1 if sum([check_file(path) for path in paths]) else 0
