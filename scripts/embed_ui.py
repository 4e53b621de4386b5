#!/usr/bin/env python3
"""Turns http/ui/index.html into one C++ source: embed_ui.py IN OUT."""
import sys

CHUNK = 12000  # compilers must take string literals of 64 KiB; stay far below

text = open(sys.argv[1], encoding="utf-8").read()
parts = [text[i:i + CHUNK] for i in range(0, len(text), CHUNK)]
literals = "\n".join('R"praetor(%s)praetor"' % part for part in parts)
with open(sys.argv[2], "w", encoding="utf-8") as out:
    out.write('#include "http/ui/page.hpp"\n\n'
              "namespace praetor::http::ui {\n"
              "const std::string_view page =\n%s;\n}\n" % literals)
