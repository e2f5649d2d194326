"""The text that `print` shows of what TensorFlow's session gives: NumPy arrays and scalars.

Writes printed_tensors.json: a list of {"type", "shape", "data" or "strings", "text"}; "data" is the
base64 of the little-endian elements, "strings" the base64 of each byte string.

    python printed_tensors.py
"""

import base64
import json
import os

import ml_dtypes
import numpy as np

random = np.random.default_rng(20181015)
cases = []


def add(values):
    values = np.asarray(values)
    case = {"type": values.dtype.name, "shape": list(values.shape)}
    case["data"] = base64.b64encode(values.tobytes()).decode()
    case["text"] = str(values)
    cases.append(case)


def add_strings(values):
    values = np.asarray(values, object)
    case = {"type": "string", "shape": list(values.shape)}
    case["strings"] = [base64.b64encode(value).decode() for value in values.flat]
    case["text"] = str(values if values.shape else values[()])
    cases.append(case)


def shape(limit=60):
    while True:
        dims = [int(random.integers(1, 9)) for _ in range(int(random.integers(1, 5)))]
        if np.prod(dims) <= limit:
            return dims


def some_bits(dtype, dims):
    """Any bits at all: every exponent, subnormals, infinities, NaN."""
    size = int(np.prod(dims)) * np.dtype(dtype).itemsize
    return np.frombuffer(random.bytes(size), dtype).reshape(dims)


def floats(dtype):
    singles = [0.0, -0.0, 1, 5, 2.5, 0.1, 1 / 3, 1e-4, 9.9e-5, 999.5, 1000, 65504, 12345.678, 999999,
               1e6, 1e7, 123456789, 1e15, 9999999999999998, 1e16, 1.5e300, 5e-324, np.nan, np.inf,
               -np.inf, 16777216, 2**-24, 2**-14, np.pi]
    with np.errstate(over="ignore"):
        for value in singles:
            add(np.array(value, dtype))
            add(np.array([value], dtype))
            add(np.array([value, -1], dtype))
        for _ in range(40):
            add(some_bits(dtype, ()))
        for _ in range(25):
            add(some_bits(dtype, shape(12)))
            add(random.normal(size=shape()).astype(dtype))
            add(random.uniform(0, 1, size=shape()).astype(dtype))
            add((random.normal(size=shape()) * 10.0 ** random.integers(-6, 9)).astype(dtype))
            add(random.integers(-999, 999, size=shape()).astype(dtype))
            add((random.integers(-999, 999, size=shape()) / 8).astype(dtype))
            values = random.normal(size=shape()).astype(dtype)
            values.flat[0] = random.choice([np.nan, np.inf, -np.inf])
            add(values)


def integers(dtype):
    info = np.iinfo(dtype)
    for value in (0, 1, info.max, info.min):
        add(np.array(value, dtype))
    for _ in range(6):
        add(random.integers(info.min, info.max, size=shape(), dtype=dtype, endpoint=True))
        add(random.integers(0, 100, size=shape(), dtype=dtype))


for dtype in (np.float32, np.float64, np.float16):
    floats(dtype)
for _ in range(20):
    add((random.normal(size=shape(10)) * 10.0 ** random.integers(-9, 12)).astype(ml_dtypes.bfloat16))
    add(np.asarray(random.normal() * 10.0 ** random.integers(-9, 12)).astype(ml_dtypes.bfloat16))
for dtype in (np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64):
    integers(dtype)
for value in (True, False):
    add(np.array(value))
for _ in range(5):
    add(random.integers(0, 2, size=shape()).astype(bool))
for dims in ((0,), (0, 3), (2, 0, 4)):
    add(np.zeros(dims, np.float32))
add(np.ones((1, 1, 1, 1, 1), np.int32))

# On both sides of a thousand elements, from where on only the ends of each dimension are printed.
add(np.arange(1000, dtype=np.int16))
add(np.arange(1001, dtype=np.int16))
add(np.arange(-600, 600, dtype=np.int16).reshape(30, 40))
add(np.arange(1100, dtype=np.int16).reshape(5, 220))
add(np.arange(1100, dtype=np.int16).reshape(220, 5))
add(np.arange(2100, dtype=np.int16).reshape(7, 6, 50))
add(np.arange(1029, dtype=np.int16).reshape(7, 7, 3, 7))
values = np.zeros(1500, np.float16)
values[700] = 1000.5  # Not among those that decide the width.
values[2] = 0.25
add(values)
add(np.arange(1200, dtype=np.uint8).reshape(1, 1200) % 2 == 0)

for text in (b"", b"text", b"it's", b'say "it\'s"', b'"', bytes(range(256)), "流れ".encode(), b"\\"):
    add_strings(text)
    add_strings([text])
    add_strings([[text, b"a"], [b"bcd", text]])
add_strings([b"word %d" % n for n in range(1001)])

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "printed_tensors.json"), "w") as file:
    file.write("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")
