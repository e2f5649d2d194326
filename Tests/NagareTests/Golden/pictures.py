"""Writes pictures.json: picture files of every kind and the pixels that TensorFlow decodes.

    python pictures.py

Each entry has the file, how it is decoded, and the shape and pixels, or the words of the refusal.
The files are made here, byte by byte: no encoder at hand writes all of these kinds.
"""

import base64
import json
import os
import random
import struct
import zlib

from tensorflow_oracle import *

PASSES = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
          (0, 1, 1, 2)]


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(color, depth, interlaced=False, transparent=False, width=5, height=4):
    """A PNG of random pixels. `color`: 0 gray, 2 RGB, 3 palette, 4 gray and alpha, 6 RGBA."""
    source = random.Random(f"{color} {depth} {interlaced} {transparent}")
    values = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[color]
    rows = b""
    for x, y, dx, dy in PASSES if interlaced else [(0, 0, 1, 1)]:
        columns = len(range(x, width, dx))
        for _ in range(len(range(y, height, dy)) if columns else 0):
            rows += bytes([source.randrange(5)])
            rows += source.randbytes((columns * values * depth + 7) // 8)
    data = b"\x89PNG\r\n\x1a\n" + chunk(
        b"IHDR", struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, interlaced))
    if color == 3:
        data += chunk(b"PLTE", source.randbytes(3 << depth))
    if transparent:
        data += chunk(b"tRNS", {0: b"\0\1", 2: b"\0\1\0\2\0\3", 3: b"\x80\0\xff"}[color])
    return data + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")


def segment(marker, data):
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(data) + 2) + data


def jpeg(components, adobe=None, scans=None):
    """A JPEG of 16 by 8 pixels, one flat colour a block; progressive with `scans` AC scans."""
    ids = range(1, components + 1)
    data = b"\xff\xd8"
    if adobe is not None:
        data += segment(0xEE, b"Adobe\0\x64\0\0\0\0" + bytes([adobe]))
    data += segment(0xDB, b"\0" + b"\x08" * 64)
    data += segment(0xC0 if scans is None else 0xC2, struct.pack(">BHHB", 8, 8, 16, components)
                    + b"".join(bytes([i, 0x11, 0]) for i in ids))
    # DC differences of 0 or of 7 bits, AC: only the end of the block.
    data += segment(0xC4, b"\0" + b"\0\2" + b"\0" * 14 + b"\0\7")
    data += segment(0xC4, b"\x10" + b"\1" + b"\0" * 15 + b"\0")
    bits = ""
    for block in range(2):
        for i in ids:
            difference = 80 + 10 * i if block == 0 else -64 - 5 * i
            code = difference if difference > 0 else difference + 127
            bits += "01" + format(code, "07b") + ("0" if scans is None else "")
    bits += "1" * (-len(bits) % 8)
    body = int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\0")
    data += segment(0xDA, bytes([components]) + b"".join(bytes([i, 0]) for i in ids)
                    + (b"\0\x3f\0" if scans is None else b"\0\0\0")) + body
    for _ in range(scans or 0):
        data += segment(0xDA, b"\1\1\0\1\x3f\0") + b"\x3f"
    return data + b"\xff\xd9"


def entry(name, data, channels=0, bits=8, **options):
    op = "DecodeJpeg" if data[:2] == b"\xff\xd8" else "DecodePng"
    if op == "DecodePng":
        options["dtype"] = u8 if bits == 8 else u16
    result = {"name": name, "file": base64.b64encode(data).decode(), "channels": channels,
              "bits": bits}
    with tf.Graph().as_default(), tf.Session() as session:
        node = getattr(tf.raw_ops, op)(contents=data, channels=channels, **options)
        try:
            pixels = session.run(node)
            result["shape"] = list(pixels.shape)
            result["pixels"] = base64.b64encode(pixels.tobytes()).decode()
        except tf.errors.OpError as error:
            result["error"] = True
    return result


def main():
    entries = []
    for color, depths in {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16),
                          6: (8, 16)}.items():
        for depth in depths:
            for interlaced in (False, True):
                for transparent in (False, True) if color in (0, 2, 3) else (False,):
                    data = png(color, depth, interlaced, transparent)
                    name = f"png color {color} depth {depth}"
                    name += " interlaced" * interlaced + " transparent" * transparent
                    for channels in (0,) if interlaced else (0, 1, 3, 4):
                        for bits in (8, 16):
                            entries.append(entry(f"{name} as {channels} at {bits}", data,
                                                 channels, bits))
    entries.append(entry("gray jpeg", jpeg(1)))
    entries.append(entry("jpeg", jpeg(3)))
    entries.append(entry("two components", jpeg(2)))
    entries.append(entry("rgb jpeg", jpeg(3, adobe=0)))
    entries.append(entry("inverted inks", jpeg(4, adobe=0)))
    entries.append(entry("inverted ycck", jpeg(4, adobe=2)))
    entries.append(entry("inks", jpeg(4)))
    entries.append(entry("inks as gray", jpeg(4), channels=1))
    entries.append(entry("progressive", jpeg(1, scans=3)))
    entries.append(entry("100 scans", jpeg(1, scans=99)))
    entries.append(entry("1000 scans", jpeg(1, scans=999)))
    with open(os.path.join(FOLDER, "pictures.json"), "w") as file:
        lines = ",\n".join(json.dumps(e, separators=(",", ":")) for e in entries)
        file.write(f"[\n{lines}\n]\n")


main()
