"""What Doxygen reads in the place of a public header. In a header a plain comment tells of all declarations below it, up to the
next empty line; Doxygen wants a comment with a mark of its own before each.

    python3 packaging/reference.py HEADER
"""
import re
import sys

# What Doxygen would take for its commands; and the lines that it leaves alone, which are indented as examples are.
COMMANDS = re.compile(r"([\\<>@#%])")
EXAMPLE = re.compile(r" ?\*     ")


def mark(line, at, begin):
    """The line, with the comment in it that begins at `at`, or is open already (at == 0), as Doxygen wants it."""
    text = line[at:]
    if not EXAMPLE.match(text):
        opening, text = ("/*", text[2:]) if text.startswith("/*") else ("", text)
        text = opening + COMMANDS.sub(r"\\\1", text)
    return line[:at] + (begin + text[2:] if text.startswith("/*") else text)


def take_comment(lines, begin):
    comment = [mark(lines.pop(0), 0, begin)]
    while not comment[-1].rstrip().endswith("*/"):
        comment.append(mark(lines.pop(0), 0, begin))
    return comment


def mark_members(line, inside):
    """Comments in structs and enums, and those behind a declaration. Returns the line, and whether one is open at its end."""
    at = line.find("/*")
    if at < 0 and not inside:
        return line, False
    marked = mark(line, max(at, 0), "/**<" if line[:at].strip() else "/**")
    return marked, "*/" not in line


def convert(lines):
    yield from take_comment(lines, "/** @file ")
    comment, depth, members, inside = [], 0, False, False
    while lines:
        line = lines[0]
        if depth == 0 and line.startswith("/*"):
            comment = take_comment(lines, "/**")
            if "----" in line:  # the caption of a section
                comment = []
            continue
        lines.pop(0)
        if depth == 0 and not line.strip():
            comment = []
        if depth == 0 and re.match(r"[a-zA-Z]|#define", line):
            yield from comment
            members = re.match(r"(struct|enum|union)\b[^()]*\{", line) is not None
        depth += line.count("{") - line.count("}")
        if members or depth == 0:
            line, inside = mark_members(line, inside)
        yield line


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as header:
        sys.stdout.writelines(convert(header.readlines()))
