"""The table and the chart of peers.json."""

import math
import os
import re
from xml.sax.saxutils import escape

NAMES = {"nagare": "Nagare", "tensorflow": "TensorFlow", "pytorch": "PyTorch",
         "onnxruntime": "ONNX Runtime", "openvino": "OpenVINO"}
COLORS = {"tensorflow": "#d95f02", "pytorch": "#e7298a", "onnxruntime": "#1b9e77",
          "openvino": "#7570b3"}
MARKERS = ("<!-- peers: written by make bench-peers -->", "<!-- end of peers -->")
CHART = "peers.svg"


def time_text(seconds):
    for unit, scale in (("s", 1), ("ms", 1e3), ("µs", 1e6)):
        if seconds * scale >= 1:
            value = seconds * scale
            return f"{value:.0f} {unit}" if value >= 100 else f"{value:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def ratio_text(ratio):
    return f"{ratio:.0f}" if ratio >= 100 else f"{ratio:.1f}" if ratio >= 10 else f"{ratio:.2f}"


def ratios(result):
    """How many times Nagare's median each other engine takes."""
    engines = result["engines"]
    own = engines.get("nagare", {}).get("median")
    return {name: entry["median"] / own for name, entry in engines.items()
            if name != "nagare" and own and "median" in entry}


def compared(content):
    return [r for r in content["works"].values() if "nagare-1" not in r["engines"]]


def table(content):
    lines = ["| work | Nagare | " + " | ".join(NAMES[e] for e in COLORS) + " |",
             "|---|---|" + "---|" * len(COLORS)]
    for result in compared(content):
        engines, times = result["engines"], ratios(result)
        own = engines.get("nagare", {}).get("median")
        cells = [result["title"], time_text(own) if own else "–"]
        for engine in COLORS:
            entry = engines.get(engine, {})
            if "median" not in entry:
                cells.append("failed" if "failed" in entry else "–")
            elif engine in times:
                cells.append(f"{time_text(entry['median'])}, × {ratio_text(times[engine])}")
            else:
                cells.append(time_text(entry["median"]))
        lines.append("| " + " | ".join(cells) + " |")
    lines += [""] + notes(content)
    return "\n".join(lines)


def notes(content):
    machine = content.get("machine", {})
    works = content["works"]
    results = list(works.values())
    versions = {}
    for result in results:
        for engine, entry in result["engines"].items():
            if entry.get("version"):
                versions[engine] = f"{NAMES[engine]} {entry['version']}"
    dates = sorted(result["date"] for result in results)
    lines = []
    for name, result in works.items():
        memory = {e: entry["peak_memory"] for e, entry in result["engines"].items()
                  if entry.get("peak_memory")}
        if result["kind"] == "training" and name.endswith("-32") and "nagare" in memory:
            own = memory.pop("nagare")
            others = ", ".join(
                f"{NAMES[e]} {m / 2**30:.2f} GiB (× {ratio_text(own / m)})"
                for e, m in memory.items())
            lines.append(f"- Peak memory, {result['title']}: Nagare {own / 2**30:.2f} GiB, "
                         f"{others}; in brackets Nagare's share.")
    if "threads" in works:
        engines = works["threads"]["engines"]
        if all("median" in engines.get(e, {}) for e in ("nagare", "nagare-1")):
            lines.append(
                "- Two threads over one, multi-scale detector's training step, batch 8: × "
                f"{ratio_text(engines['nagare-1']['median'] / engines['nagare']['median'])}.")
    if dates:
        shares = [r["others"] for r in results if r.get("others") is not None]
        lines.append(
            f"- {machine.get('processor')}, {machine.get('processors')} processors; two threads for "
            f"each engine; medians; {', '.join(versions[e] for e in COLORS if e in versions)}; "
            f"{dates[0]} to {dates[-1]}.")
        if shares:
            low, high = (f"{100 * share:.0f}" for share in (min(shares), max(shares)))
            lines.append(
                f"- The machine was not quiet: other processes took {low} to {high} % of its "
                "processors." if max(shares) > 0.05 else
                f"- The machine was quiet: other processes took at most {high} % of its processors.")
    return lines


def chart(content):
    rows = [(result["title"], ratios(result)) for result in compared(content)]
    rows = [(title, times) for title, times in rows if times]
    if not rows:
        return None
    left, right, top, bar, gap = 300, 70, 54, 11, 9
    width = 860
    height = top + sum(len(times) * bar + gap for _, times in rows) + 30
    values = [value for _, times in rows for value in times.values()]
    low = math.floor(min(0, math.log2(min(values))))
    high = max(3, math.ceil(math.log2(max(values))))

    def x(value):
        return left + (width - left - right) * (math.log2(value) - low) / (high - low)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="11">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
        '<text x="12" y="18" font-size="13">How many times as long as Nagare others take, two '
        'threads each (logarithmic; longer is better for Nagare)</text>']
    for index, engine in enumerate(COLORS):
        at = left + index * 110
        parts.append(f'<rect x="{at}" y="28" width="10" height="10" fill="{COLORS[engine]}"/>')
        parts.append(f'<text x="{at + 14}" y="37">{NAMES[engine]}</text>')
    for power in range(low, high + 1):
        at, one = x(2.0 ** power), power == 0
        parts.append(
            f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{top - 8}" y2="{height - 22}" '
            f'stroke="{"#333" if one else "#ddd"}"/>')
        label = f"{2 ** power}" if power >= 0 else f"1/{2 ** -power}"
        if high - low > 9 and power % 2:
            continue
        parts.append(f'<text x="{at:.1f}" y="{height - 8}" text-anchor="middle">{label}</text>')
    y = top
    for title, times in rows:
        middle = y + len(times) * bar / 2 + 4
        parts.append(f'<text x="{left - 12}" y="{middle:.1f}" text-anchor="end">'
                     f'{escape(title)}</text>')
        for engine in COLORS:
            if engine not in times:
                continue
            start, end = sorted((x(1), x(times[engine])))
            parts.append(
                f'<rect x="{start:.1f}" y="{y + 1}" width="{max(1, end - start):.1f}" '
                f'height="{bar - 2}" fill="{COLORS[engine]}"/>')
            parts.append(f'<text x="{end + 4:.1f}" y="{y + bar - 2}" font-size="9">'
                         f'{ratio_text(times[engine])}</text>')
            y += bar
        y += gap
    return "\n".join(parts + ["</svg>"]) + "\n"


def write(content, folder):
    """The table between the markers of Performance.md, and the chart beside it."""
    path = os.path.join(folder, "Performance.md")
    with open(path) as file:
        text = file.read()
    block = f"{MARKERS[0]}\n\n![Ratios]({CHART})\n\n{table(content)}\n\n{MARKERS[1]}"
    pattern = re.compile(re.escape(MARKERS[0]) + ".*?" + re.escape(MARKERS[1]), re.S)
    if not pattern.search(text):
        raise SystemExit(f"{path} lacks the line {MARKERS[0]!r}")
    with open(path, "w") as file:
        file.write(pattern.sub(lambda _: block, text))
    with open(os.path.join(folder, "Resources", CHART), "w") as file:
        file.write(chart(content))
