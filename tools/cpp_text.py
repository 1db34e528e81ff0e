"""Just enough of C++ for line-based checks: code without comments and literals, function lengths.

Not a parser. It knows comments, strings, raw strings, character literals and braces, which is what
tidy.py needs; formatted code (clang-format) is assumed.
"""

import re

_TOKEN = re.compile(
    r'//[^\n]*|/\*.*?\*/'
    r'|R"(?P<tag>[^()\\ ]{0,16})\(.*?\)(?P=tag)"'
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+'",
    re.DOTALL)
_PREPROCESSOR = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.MULTILINE)
_SCOPE = re.compile(r"\b(namespace|class|struct|union|enum|extern)\b")


def _blank(match):
    return re.sub(r"[^\n]", " ", match.group())


def code_only(text):
    """`text` with comments and literals turned into spaces; line numbers and columns stay."""
    def replace(match):
        token = match.group()
        if token.startswith('"') and "#" in text[text.rfind("\n", 0, match.start()) + 1:match.start()]:
            return token  # the name in an #include
        return _blank(match)
    return _TOKEN.sub(replace, text)


def _is_scope(header):
    """Does `header {` open a namespace, type or linkage block rather than a function?"""
    match = _SCOPE.search(header)
    if not match:
        return False
    # "struct Foo make() {" is a function; "class alignas(64) Foo : Bar<int()> {" is not.
    before_colon = header.split(":", 1)[0] if "::" not in header else header
    return not re.search(r"\w\s*\([^)]*\)\s*(const|noexcept|override|final|->.*)*\s*$",
                         re.sub(r"(alignas|__attribute__)\s*\([^)]*\)+", "", before_colon))


def function_lengths(text):
    """Yields (name, first line, line count) of every function, method and test body in `text`."""
    code = _PREPROCESSOR.sub(_blank, code_only(text))
    stack = []   # (kind, header, first line, header start line)
    header = ""
    line = 1
    header_line = 1
    for at, char in enumerate(code):
        if char == "\n":
            line += 1
        if char == "{":
            kind = _block_kind(header, stack)
            stack.append((kind, header, header_line))
            header = ""
        elif char == "}":
            if not stack:
                return  # unbalanced through macros: better silent than wrong
            kind, opened, first = stack.pop()
            header = ""
            if kind == "init":
                header, header_line = opened + "{}", first
            elif kind == "function":
                if code[at + 1:].lstrip()[:1] in (",", "{", ")"):
                    header, header_line = opened + "{}", first  # member initialiser: a_{x}, b_{y} {
                else:
                    yield _name(opened), first, line - first + 1
        elif char == ";" or (char == ":" and header.strip() in ("public", "private", "protected")):
            header = ""
        else:
            if not header.strip() and not char.isspace():
                header_line = line
            header += char


def _block_kind(header, stack):
    if any(kind == "function" for kind, _, _ in stack):
        return "inner"
    if _is_scope(header):
        return "scope"
    if re.search(r"\)[^=()]*$|\)\s*->.*$|\)\s*:.*$", header, re.DOTALL):
        return "function"
    return "init"


def _name(header):
    header = " ".join(header.split())
    test = re.search(r"\b(TEST|TEST_F|TEST_P|TYPED_TEST|RC_GTEST_PROP)\s*\(\s*(\w+)\s*,\s*(\w+)", header)
    if test:
        return f"{test[2]}.{test[3]}"
    match = re.search(r"((?:[\w~]+::)*(?:operator\s*[^\s(]+|[\w~]+))\s*\(", header)
    return match[1] if match else header[:40]
