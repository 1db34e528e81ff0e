#!/usr/bin/env python3
"""Turns the built web UI (ui/dist) into one C++ file that carries it inside the binary.

    tools/embed_ui.py DIST OUT_FOLDER

Writes OUT_FOLDER/ui_archive.bin (the files, each as it is and gzipped where that is smaller, one
after the other) and OUT_FOLDER/ui_archive.cpp (the table of paths, types and places, and an .incbin
of the archive). Files whose content did not change are left alone, so the build stays quiet. Without
DIST the table is empty and the server says how to build the UI.
"""

import gzip
import sys
from pathlib import Path

CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
ALIGNMENT = 16

TEMPLATE = """// Made by tools/embed_ui.py from ui/dist.
#include "server/ui/ui_archive.h"

#include <cstddef>

asm(R"(
  .section .rodata
  .balign 16
  .global binnacle_ui_archive
  .hidden binnacle_ui_archive
  .type binnacle_ui_archive, %object
binnacle_ui_archive:
  .incbin "{archive}"
  .byte 0
  .size binnacle_ui_archive, . - binnacle_ui_archive
  .text
)");

extern "C" __attribute__((visibility("hidden"))) const char binnacle_ui_archive[];

namespace binnacle {{
namespace {{
{table}
}}  // namespace

std::span<const UiArchiveEntry> ui_archive_entries() noexcept {{
  return {entries};
}}

const char* ui_archive_bytes() noexcept {{
  return binnacle_ui_archive;
}}

}}  // namespace binnacle
"""


def list_files(dist):
    """[(url path, content type, bytes)], sorted; a file of an unknown type stops the build."""
    files = []
    for path in sorted(dist.rglob("*")) if dist.is_dir() else []:
        if not path.is_file() or path.suffix == ".map":
            continue
        if path.suffix not in CONTENT_TYPES:
            sys.exit(f"{path}: no content type for '{path.suffix}': add it to tools/embed_ui.py")
        files.append(("/" + path.relative_to(dist).as_posix(), CONTENT_TYPES[path.suffix],
                      path.read_bytes()))
    return sorted(files)


def build(files):
    """The archive and the rows of its table."""
    archive = bytearray()

    def place(data):
        archive.extend(b"\0" * (-len(archive) % ALIGNMENT))
        offset = len(archive)
        archive.extend(data)
        return offset, len(data)

    rows = []
    for url, content_type, data in files:
        plain = place(data)
        packed = gzip.compress(data, 9, mtime=0)
        gzipped = place(packed) if len(packed) < len(data) * 0.95 else (0, 0)
        # Vite puts a hash of the content in the names of everything in assets/.
        immutable = "true" if url.startswith("/assets/") else "false"
        rows.append(f'    {{"{url}", "{content_type}", {plain[0]}, {plain[1]}, '
                    f"{gzipped[0]}, {gzipped[1]}, {immutable}}},")
    return bytes(archive), rows


def write_if_changed(path, data):
    if not path.exists() or path.read_bytes() != data:
        path.write_bytes(data)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    out = Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    archive, rows = build(list_files(Path(sys.argv[1])))
    table = "constexpr UiArchiveEntry kEntries[] = {\n" + "\n".join(rows) + "\n};" if rows else ""
    text = TEMPLATE.format(archive=(out / "ui_archive.bin").as_posix(), table=table,
                           entries="kEntries" if rows else "{}")
    changed = not (out / "ui_archive.bin").exists() or (out / "ui_archive.bin").read_bytes() != archive
    write_if_changed(out / "ui_archive.bin", archive)
    if changed:
        (out / "ui_archive.cpp").unlink(missing_ok=True)  # same text, other bytes: compile again
    write_if_changed(out / "ui_archive.cpp", text.encode())


if __name__ == "__main__":
    main()
