"""Markdown tables of a bench's rows, and the texts in their cells."""

NONE = "–"


def table(head, rows):
    """Markdown of a head and rows of texts, each column as wide as its widest text."""
    lines = [head, ["---"] * len(head), *rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    return "\n".join(
        "| " + " | ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)) + " |" for line in lines
    )


def counted(number, what):
    """1 thread, 2 threads."""
    return f"{number} {what}{'s' * (number != 1)}"


def mean(rows, key):
    """Mean of rows under key: None without rows, or where one of them does not know."""
    values = [row[key] for row in rows]
    return None if not values or None in values else sum(values) / len(values)


def text(value, digits=2):
    """A number, or NONE for None."""
    # + 0 makes 0 of -0
    return NONE if value is None else f"{round(value, digits) + 0:.{digits}f}"


def by(rows, key):
    """{value of key: its rows}, in the order of the rows."""
    found = {}
    for row in rows:
        found.setdefault(row[key], []).append(row)
    return found
