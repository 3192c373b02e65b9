"""A file of jobs: one edit a line, in the words of `dragkit edit`."""

import argparse
import json
from typing import NamedTuple

from ..argument_types import Parser
from ..edit_arguments import add_edit_arguments
from ..user_input import UserError

# bytes of a line, lines of a file, letters of a file's name
LONGEST, MOST, NAME = 4 << 20, 100_000, 200
# beside the pictures there is the file of this name
SUMMARY = "summary"


class Job(NamedTuple):
    """line: its number in the file, from 1; output: the picture's name; words: what the line says."""

    line: int
    output: str
    words: dict


def edit_parser():
    """The parser of `dragkit edit`."""
    found = Parser(prog="dragkit batch", add_help=False, allow_abbrev=False)
    add_edit_arguments(found)
    return found


def _strange(constant):
    raise ValueError(f"{constant} is no number")


def _checked_name(name, where):
    if not isinstance(name, str):
        raise UserError(f"{where}: output must be a text, the name of a picture such as cat.png")
    if len(name) > NAME or not name.isprintable() or name.startswith(".") or any(c in name for c in '/\\:*?"<>|'):
        raise UserError(f"{where}: output is {name[:NAME]!r}; it must be the name alone of a picture such as cat.png")
    if name.strip().casefold() in ("", SUMMARY):
        raise UserError(f"{where}: output is {name!r}, which cannot be the name of a picture; take another one")
    return name


def read_jobs(path):
    """The Jobs of a file; UserError, which says the line, for one that holds anything else or two outputs of one
    name. What is wrong in the words themselves is not looked at."""
    jobs, seen = [], {}
    try:
        with open(path, "rb") as file:
            for line in range(1, MOST + 2):
                raw = file.readline(LONGEST + 1)
                where = f"{path}, line {line}"
                if not raw:
                    break
                if len(raw) > LONGEST:
                    raise UserError(f"{where} has more than {LONGEST >> 20} MiB; a job is a line of its own")
                if line > MOST:
                    raise UserError(f"{path} has more than {MOST} lines; share the jobs among several files")
                try:
                    text = raw.decode("utf-8-sig" if line == 1 else "utf-8").strip()
                    words = json.loads(text, parse_constant=_strange) if text else None
                except (ValueError, RecursionError) as error:
                    reason = str(error).partition("\n")[0]
                    raise UserError(f"{where} is no JSON ({reason}); each line is a job in braces") from error
                if text and not isinstance(words, dict):
                    raise UserError(f'{where} is no job; a job is in braces: {{"image": "in.png", "points": ...}}')
                if not words:
                    continue
                output = _checked_name(words.get("output", f"{line:05d}.png"), where)
                for name in _files_of(output, words):
                    if other := seen.get(name.casefold()):
                        raise UserError(f"{where}: {name} would be written by line {other}, too; name another output")
                    seen[name.casefold()] = line
                jobs.append(Job(line, output, words))
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror})") from error
    if not jobs:
        raise UserError(f"{path} holds no job; each line is one in braces")
    return jobs


def _files_of(output, words):
    """Names of the pictures that a job may write."""
    stem, dot, suffix = output.rpartition(".")
    count = words.get("candidates", 4) if words.get("method") == "lightningdrag" else 1
    count = min(count, 64) if isinstance(count, int) else 1
    return [output] + [f"{stem}-{i}{dot}{suffix}" for i in range(2, count + 1)]


def arguments_of(parser, words, output):
    """What `dragkit edit` gets, by edit_parser(), for the words of a job whose picture is written to the path output.
    UserError for what it would refuse, and for words that it does not know."""
    known = {
        action.option_strings[-1].removeprefix("--"): action for action in parser._actions if action.option_strings
    }
    line = [f"--output={output}"]
    for word, value in words.items():
        if word in ("image", "output") or value is None:
            continue
        if word not in known:
            raise UserError(f"a job knows no {word[:NAME]!r}; there are: image, {', '.join(known)}")
        action = known[word]
        if action.nargs == 0:
            if not isinstance(value, bool):
                raise UserError(f"{word} must be true or false")
            line += [f"--{word}"] * value
        elif word == "points" and isinstance(value, (dict, list)):
            line.append(f"--{word}={json.dumps(value)}")
        else:
            several = isinstance(action, argparse._AppendAction) and isinstance(value, list)
            for one in value if several else [value]:
                if isinstance(one, bool) or not isinstance(one, (str, int, float)):
                    raise UserError(f"{word} must be a text or a number{' or a list of them' * several}")
                line.append(f"--{word}={one}")
    image = words.get("image")
    if not isinstance(image, str):
        raise UserError("a job needs an image, the name of a picture")
    return parser.parse_args([*line, "--", image])
