"""What containerlab prints: log lines and the block that ends a failed command, on standard error."""
import json
import re
import sys
import textwrap
import threading
import time

_ROOM = 118  # columns of the block
_lock = threading.Lock()


class Failed(Exception):
    """The command has failed; the text is the reason as containerlab holds it."""


def _value(value):
    text = str(value)
    return json.dumps(text, ensure_ascii=False) if not text or re.search(r'[\s"=]', text) else text


def log(level, text, **values):
    line = " ".join([time.strftime("%H:%M:%S"), level, text, *(f"{key.replace('_', ' ')}={_value(v)}" for key, v in values.items())])
    write(sys.stderr, line + "\n")


def info(text, **values):
    log("INFO", text, **values)


def error(text, **values):
    log("ERRO", text, **values)


def write(stream, text):
    with _lock:
        try:
            stream.write(text)
            stream.flush()
        except BrokenPipeError:
            pass


def error_block(reason):
    """The reason as a sentence, wrapped, under the word ERROR."""
    sentence = reason[:1].upper() + reason[1:].rstrip()
    if not sentence.endswith((".", "?", "!")):
        sentence += "."
    lines = []
    for part in sentence.split("\n"):
        lines += textwrap.wrap(part, _ROOM - 2, break_long_words=True) or [""]
    title = "\n".join([" " * 10, "   ERROR  ", " " * 10])
    write(sys.stderr, title + "\n" + "".join(("  " + line).ljust(_ROOM) + "\n" for line in lines) + "\n")


def table(heads, rows):
    """A table in a box. Each cell is a list of lines."""
    widths = [max(len(line) for line in [heads[i], *(l for row in rows for l in row[i])]) + 2 for i in range(len(heads))]
    bold = "\x1b[1m{}\x1b[0m".format

    def rule(left, middle, right, paint=str):
        parts = [left]
        for i, width in enumerate(widths):
            parts += ["─" * width, middle if i + 1 < len(widths) else right]
        return "".join(map(paint, parts)) + "\n"

    text = rule("╭", "┬", "╮", bold)
    text += bold("│") + "".join(bold(head.center(width)) + bold("│") for head, width in zip(heads, widths)) + "\n"
    text += rule("├", "┼", "┤", bold)
    for number, row in enumerate(rows):
        text += rule("├", "┼", "┤") if number else ""
        for line in range(max(map(len, row))):
            cells = [(cell[line] if line < len(cell) else "") for cell in row]
            text += "│" + "│".join(" " + cell.ljust(width - 1) for cell, width in zip(cells, widths)) + "│\n"
    write(sys.stdout, text + rule("╰", "┴", "╯"))
