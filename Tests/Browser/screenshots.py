#!/usr/bin/env python3
"""The README's pictures: a subscription's overview in both languages, as the demo shows it.

    .venv/bin/python Tests/Browser/screenshots.py --binary .build/debug/bursar

Writes Web/images/overview-en.png and overview-zh.png, each under 150 kB: the colours of a page fit a palette of 256.
"""

import argparse
import os
import struct
import sys
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(HERE, "..", "Harness"))

from playwright.sync_api import sync_playwright

from demo import Demo

IMAGES = os.path.join(HERE, "..", "..", "Web", "images")
MOST = 150_000


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--binary", default=".build/debug/bursar")
    options.add_argument("--chromium", default="/usr/bin/chromium")
    asked = options.parse_args()
    demo = Demo(asked.binary)
    try:
        demo.start()
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=asked.chromium, args=["--no-sandbox"])
            for locale, name in (("en-US", "overview-en.png"), ("zh-CN", "overview-zh.png")):
                path = os.path.join(IMAGES, name)
                small = smaller(picture(demo, browser, locale))
                with open(path, "wb") as file:
                    file.write(small)
                print(f"{name}: {len(small):,} bytes" + ("" if len(small) < MOST else f", more than {MOST:,}"))
            browser.close()
    finally:
        demo.close()


def picture(demo, browser, locale):
    context = browser.new_context(locale=locale, viewport={"width": 1240, "height": 1000}, color_scheme="light")
    page = context.new_page()
    page.goto(f"{demo.base}/sign-in")
    page.fill("input[name=email]", demo.person("account_admin")["email"])
    page.fill("input[name=password]", demo.person("account_admin")["password"])
    with page.expect_navigation():
        page.press("input[name=password]", "Enter")
    # The one with the most to show: paid, active, used.
    page.goto(f"{page.url.split('?')[0]}?state=active&offer=prepaid&sort=created_at")
    with page.expect_navigation():
        page.locator(".row-link").first.click()
    page.wait_for_load_state("networkidle")
    shot = page.screenshot()
    context.close()
    return shot


# A PNG of true colours made into one of a palette: nearest colours meet until 256 are left.


def smaller(data):
    width, height, rows, size = pixels(data)
    counts = {}
    for row in rows:
        for at in range(0, len(row), size):
            colour = row[at:at + 3]
            counts[colour] = counts.get(colour, 0) + 1
    palette, place = quantised(counts)
    lines = bytearray()
    for row in rows:
        lines.append(0)
        lines += bytes(place[row[at:at + 3]] for at in range(0, len(row), size))

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0))
        + chunk(b"PLTE", b"".join(palette)) + chunk(b"IDAT", zlib.compress(bytes(lines), 9)) + chunk(b"IEND", b""))


def quantised(counts):
    """The most frequent colours as they are; the others become the nearest of those."""
    common = sorted(counts, key=counts.get, reverse=True)[:256]
    place = {colour: index for index, colour in enumerate(common)}
    for colour in counts:
        if colour not in place:
            place[colour] = min(range(len(common)), key=lambda index: sum((a - b) ** 2 for a, b in zip(common[index], colour)))
    return common, place


def pixels(data):
    """(width, height, the rows' bytes, bytes of a pixel) of an 8-bit RGB or RGBA PNG."""
    at, body = 8, b""
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        part = data[at + 8:at + 8 + length]
        if kind == b"IHDR":
            width, height, depth, colours = struct.unpack(">IIBB", part[:10])
        if kind == b"IDAT":
            body += part
        at += 12 + length
    size = {2: 3, 6: 4}[colours]
    raw, stride, rows, above = zlib.decompress(body), width * size, [], bytes(width * size)
    for y in range(height):
        start = y * (stride + 1)
        row = bytearray(raw[start + 1:start + 1 + stride])
        unfilter(raw[start], row, above, size)
        above = bytes(row)
        rows.append(above)
    return width, height, rows, size


def unfilter(kind, row, above, size):
    for i in range(len(row)):
        left = row[i - size] if i >= size else 0
        corner = above[i - size] if i >= size else 0
        if kind == 1:
            guess = left
        elif kind == 2:
            guess = above[i]
        elif kind == 3:
            guess = (left + above[i]) // 2
        elif kind == 4:
            p = left + above[i] - corner
            near = (abs(p - left), abs(p - above[i]), abs(p - corner))
            guess = left if near[0] <= near[1] and near[0] <= near[2] else above[i] if near[1] <= near[2] else corner
        else:
            return
        row[i] = (row[i] + guess) & 255


if __name__ == "__main__":
    sys.exit(main())
