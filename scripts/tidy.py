#!/usr/bin/env python3
"""Checks the rules that can be counted, in every source of the tree.

Prints one line "file:line: what" for each breach and exits with 1, or prints
nothing. With a directory as argument, checks the tree there.
"""

import bisect
import os
import re
import sys

# What each folder may include besides itself and the standard library.
MAY_INCLUDE = {
    "protocol": set(),
    "storage": {"protocol"},
    "http": {"protocol"},
    "dns": {"protocol"},
    "actors": {"protocol", "storage", "http", "dns"},
    "tests": {"protocol", "storage", "http", "dns", "actors"},
}
# Within protocol/: raft, gossip and health stand beside one another.
PROTOCOL_MAY_INCLUDE = {"base": set(), "model": {"base"}}
PROTOCOL_DEFAULT = {"base", "model"}
# Where a library's headers may be used.
LIBRARY_FOLDERS = {
    "caf/": {"actors", "tests"},
    "boost/json": {"http", "actors", "tests"},
}
COLUMNS_MAX = 80
FUNCTION_LINES_MAX = 70
FILE_LINES_MAX = 500
TEST_FILE_LINES_MAX = 800
ASSERTS_PER_100_LINES_MIN = 3
ASSERT_FOLDERS = ("protocol", "storage")
# The places in tests/ where tests/meson.build finds sources by itself.
FOUND_TESTS = re.compile(
    r"tests/(main\.cpp$|(unit/(protocol|storage|http|dns|actors)|sim|support"
    r"|fuzz|e2e|bench)/)")
# These wait for real processes.
MAY_SLEEP = ("tests/e2e/", "tests/bench/")

# Numbers are matched so that 1'000 does not open a character literal.
NOT_CODE = re.compile(
    r'//(?:[^\n\\]|\\.|\\\n)*|/\*.*?\*/'
    r'|\bR"(?P<mark>[^()\\ ]{0,16})\(.*?\)(?P=mark)"'
    r'|"(?:[^"\\\n]|\\.)*"|\b\d(?:\'?[\w.])*|\'(?:[^\'\\\n]|\\.)+\'',
    re.DOTALL)
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n\\]|\\\n|\\.)*", re.MULTILINE)
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">]+)', re.MULTILINE)
STANDARD = re.compile(r"[a-z_0-9]+")
BRACE = re.compile(r"[{}();]")
ACCESS = re.compile(r"\b(?:public|private|protected)\s*:(?!:)")
FIRST_WORD = re.compile(r"(?:\s|\b(?:public|private|protected)\s*:(?!:))*")
TEMPLATE = re.compile(r"\btemplate\s*<")
ATTRIBUTE = re.compile(r"\[\[.*?\]\]|\balignas\s*\([^()]*\)", re.DOTALL)
TYPE = re.compile(r"(?:typedef\s+|static\s+|inline\s+|constexpr\s+|const\s+"
                  r"|friend\s+)*(?:class|struct|union|enum)\b")
SCOPE = re.compile(r"(?:inline\s+)?namespace\b|extern\s*\"\s*\"$"
                   r"|TEST_SUITE\s*\(")
LAMBDA = re.compile(r"\[[^\[\]]*\]\s*(?:\((?:[^()]|\([^()]*\))*\))?\s*"
                    r"(?:mutable\b|noexcept\b|\s)*(?:->[^={}]*)?$")
OPERATOR = re.compile(r"\boperator\s*[-+*/%^&|~!=<>,\[\]]+")
QUALIFIER = re.compile(r"(?:\)|\bconst|\bnoexcept|\boverride|\bfinal|\btry"
                       r"|\bmutable|&)\s*$")
INITIALISED = re.compile(r"[\w>]\s*$")
SLEEP = re.compile(r"\b(?:sleep_for|sleep_until|usleep|nanosleep|sleep)\s*\(")
INSPECT = re.compile(r"\binspect\s*\(\s*\w+\s*&\s*\w*\s*,([^()]*)\)\s*$")
ASSERT = re.compile(r"\bPRAETOR_ASSERT\s*\(|\bstatic_assert\s*\(")

findings = []


def report(path, line, what):
    findings.append((path, line, what))


def blank(match):
    """Spaces for everything but line ends, so that places stay the same."""
    text = match.group()
    if text[0].isdigit():
        return text
    inside = re.sub(r"[^\n]", " ", text)
    if text[0] in "\"'":
        return text[0] + inside[1:-1] + text[-1]
    return inside


class Source:
    def __init__(self, path, text):
        self.path = path
        self.text = text
        self.folder = path.split("/", 1)[0]
        no_comments = NOT_CODE.sub(blank, text)
        self.code = DIRECTIVE.sub(blank, no_comments)
        self.starts = [0] + [m.end() for m in re.finditer("\n", text)]
        self.includes = [
            (self.line(m.start()), m.group(1) == '"', m.group(2))
            for m in INCLUDE.finditer(text)
            # In a comment or a string the word is blank.
            if "include" in no_comments[m.start():m.end()]]

    def line(self, place):
        return bisect.bisect_right(self.starts, place)


def without_template(header):
    """Cuts "template <...>" off, however deep the brackets inside are."""
    while found := TEMPLATE.search(header):
        depth, at = 1, found.end()
        while at < len(header) and depth > 0:
            depth += {"<": 1, ">": -1}.get(header[at], 0)
            at += 1
        header = header[:found.start()] + header[at:]
    return header


def outside_parentheses(text):
    """Without what stands in () and, where they pair up, in <>."""
    cut = ""
    while cut != text:
        cut, text = text, re.sub(r"<[^<>]*>", "", text)
    depth, kept = 0, []
    for c in text:
        depth += c == "("
        if depth == 0:
            kept.append(c)
        elif c == ")":
            depth -= 1
            kept.append(")" if depth == 0 else "")
    return "".join(kept)


def kind_of_block(header, inside):
    """What a "{" after these words opens: scope, type, function or value."""
    header = ACCESS.sub(" ", without_template(header))
    header = ATTRIBUTE.sub(" ", header).strip()
    if SCOPE.match(header):
        return "scope"
    if LAMBDA.search(header):
        return "function"
    if inside == "value":
        return "value"
    plain = outside_parentheses(OPERATOR.sub("operator_", header))
    if TYPE.match(plain) and ")" not in plain:
        return "type"
    if "=" in plain or ")" not in plain:
        return "value"
    after = plain[plain.index(")"):]
    if QUALIFIER.search(plain) or plain.endswith("}"):
        return "function"
    if "->" in after or re.search(r"\brequires\b", after):
        return "function"
    if INITIALISED.search(plain):
        return "value"  # a member in a constructor's list, or a variable
    return "function"


def functions(source):
    """Yields (header, start, open, end) of each function and long lambda."""
    code = source.code
    blocks = []  # (kind, header's start, place of "{", depth outside)
    start, depth = 0, 0
    within = 0  # how many enclosing blocks are functions
    for match in BRACE.finditer(code):
        at, c = match.start(), match.group()
        if within:
            if c == "{":
                within += 1
            elif c == "}":
                within -= 1
                if within == 0:
                    kind, begin, opened, depth = blocks.pop()
                    yield code[begin:opened], begin, opened, at
                    if depth == 0:
                        start = at + 1
        elif c == "(":
            depth += 1
        elif c == ")":
            depth = max(0, depth - 1)
        elif c == ";":
            if depth == 0:
                start = at + 1
        elif c == "{":
            inside = blocks[-1][0] if blocks else "scope"
            if depth and inside != "value":
                inside = "value"  # a default argument
            kind = kind_of_block(code[start:at], inside)
            blocks.append((kind, start, at, depth))
            within = int(kind == "function")
            if not within:
                depth = 0
                start = at + 1
        elif blocks:
            kind, begin, opened, depth = blocks.pop()
            # After a value the statement goes on: more members, or a body.
            keeps = kind == "value" and not (
                blocks and blocks[-1][0] == "value")
            start = begin if keeps else at + 1


def check_functions(source):
    for header, start, opened, end in functions(source):
        begin = start + FIRST_WORD.match(header).end()
        first, last = source.line(begin), source.line(end)
        if last - first + 1 > FUNCTION_LINES_MAX:
            report(source.path, first, f"a function of {last - first + 1} "
                   f"lines, at most {FUNCTION_LINES_MAX}")
        check_inspect(source, header, first, source.code[opened:end])


def check_inspect(source, header, line, body):
    """A structured binding makes a forgotten field a compile error."""
    found = INSPECT.search(header)
    if not found or re.search(r"\bauto\s*&\s*\[", body):
        return
    name = re.search(r"[&\s](\w+)\s*$", found.group(1))
    if name and re.search(rf"\b{name.group(1)}\s*\.\s*\w+\b(?!\s*\()", body):
        report(source.path, line, "inspect must bind every field by auto& [")


def check_include(source, line, quoted, name):
    folder = source.folder
    target = name.split("/", 1)[0]
    for prefix, allowed in LIBRARY_FOLDERS.items():
        if name.startswith(prefix) and folder not in allowed:
            report(source.path, line, f"{prefix} may not be used in {folder}/")
            return
    if not quoted and target not in MAY_INCLUDE:
        if folder == "protocol" and not STANDARD.fullmatch(name):
            report(source.path, line, f"protocol/ uses only the standard "
                   f"library, not <{name}>")
        return
    if target not in MAY_INCLUDE or ".." in name:
        report(source.path, line, f"the path \"{name}\" does not start at "
               "the repository's root")
    elif target != folder and target not in MAY_INCLUDE[folder]:
        report(source.path, line, f"{folder}/ may not include {target}/")
    elif folder == target == "protocol":
        own, theirs = source.path.split("/")[1], name.split("/")[1]
        allowed = PROTOCOL_MAY_INCLUDE.get(own, PROTOCOL_DEFAULT)
        if theirs != own and theirs not in allowed:
            report(source.path, line,
                   f"protocol/{own} may not include protocol/{theirs}")


def check_includes(source, paths):
    for line, quoted, name in source.includes:
        check_include(source, line, quoted, name)
    if source.path.endswith(".hpp"):
        if not re.search(r"^#pragma once$", source.text, re.MULTILINE):
            report(source.path, 1, "a header without #pragma once")
        return
    own = source.path[:-len("cpp")] + "hpp"
    if own in paths and (not source.includes or source.includes[0][2] != own):
        line = source.includes[0][0] if source.includes else 1
        report(source.path, line, f"the first include must be \"{own}\"")


def check_lines(path, text):
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > COLUMNS_MAX:
            report(path, number,
                   f"{len(line)} columns, at most {COLUMNS_MAX}")
        if "\t" in line:
            report(path, number, "a tab")
        if line != line.rstrip():
            report(path, number, "blanks at the end of the line")


def check_size(path, text):
    count = text.count("\n")
    most = (TEST_FILE_LINES_MAX if path.startswith("tests/")
            else FILE_LINES_MAX)
    if count > most:
        report(path, most + 1, f"a file of {count} lines, at most {most}")


def check_sleep(source):
    if source.folder != "tests" or source.path.startswith(MAY_SLEEP):
        return
    for match in SLEEP.finditer(source.code):
        report(source.path, source.line(match.start()),
               "tests do not sleep; time is moved by hand")


def check_folders(root, folders):
    for folder in folders:
        for name in ("README.md", "meson.build"):
            if not os.path.exists(os.path.join(root, folder, name)):
                report(folder, 1, f"the folder has no {name}")


def check_listed(paths, builds):
    """A source that no meson.build names is compiled by nobody."""
    listed = set()
    for path, text in builds.items():
        folder = os.path.dirname(path)
        for name in re.findall(r"'([^'\n]+\.cpp)'", text):
            listed.add(os.path.normpath(os.path.join(folder, name)))
    for path in paths:
        if not path.endswith(".cpp") or path.startswith("actors/"):
            continue
        if path not in listed and not FOUND_TESTS.match(path):
            report(path, 1, "no meson.build lists this source")


def check_asserts(sources):
    for folder in ASSERT_FOLDERS:
        asserts = lines = 0
        for source in sources:
            if source.folder == folder:
                asserts += len(ASSERT.findall(source.code))
                # Lines of brackets alone and of includes do nothing.
                lines += len(re.findall(r"^.*\w.*$", source.code,
                                        re.MULTILINE))
        if asserts * 100 < lines * ASSERTS_PER_100_LINES_MIN:
            report(folder, 1, f"{asserts} asserts in {lines} lines of code, "
                   f"at least {ASSERTS_PER_100_LINES_MIN} per 100")


def read_tree(root):
    """The text of each file that the rules speak about, by its path."""
    files = {}
    for folder in [*MAY_INCLUDE, "scripts", ".ci"]:
        for where, below, names in os.walk(os.path.join(root, folder)):
            below[:] = sorted(set(below) - {"__pycache__", "corpus"})
            for name in sorted(names):
                code = name.endswith((".hpp", ".cpp", ".py", "meson.build"))
                if not code and folder in MAY_INCLUDE:
                    continue
                path = os.path.join(where, name)
                with open(path, encoding="utf-8", errors="replace") as file:
                    files[os.path.relpath(path, root)] = file.read()
    return files


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(here)
    files = read_tree(root)
    sources = [Source(path, text) for path, text in files.items()
               if path.endswith((".hpp", ".cpp"))]
    for path, text in files.items():
        check_lines(path, text)
        check_size(path, text)
    for source in sources:
        check_includes(source, files)
        check_functions(source)
        check_sleep(source)
    check_folders(root, MAY_INCLUDE)
    check_listed(files, {path: text for path, text in files.items()
                         if path.endswith("meson.build")})
    check_asserts(sources)
    for path, line, what in sorted(findings):
        print(f"{path}:{line}: {what}")
    sys.exit(1 if findings else 0)


if __name__ == "__main__":
    main()
