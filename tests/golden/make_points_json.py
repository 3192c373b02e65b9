"""Writes tests/golden/points_json.json, what kernels/points/drag_text.py and web/document/serialise.mjs must both make
of texts.

Run from the repository: python -m tests.golden.make_points_json, and look at the verdicts before committing them.
"""

import json
from pathlib import Path

from ..kernels.points.test_drag_text import outcome, text_of

SIZE = [400, 200]
PAIR = {"handle": [0.25, 0.5], "target": [0.5, 0.75]}
TRIANGLES = {"handle": [[0, 0], [0.5, 0], [0, 0.5]], "target": [[0.5, 0.5], [1, 0.5], [0.5, 1.0]]}
# what starts so also has the sentence that refuses it
WITH_REASON = ("region", "turn")


def raw(points="[]", head='"format":"dragkit.points","version":1', **more):
    """The JSON object, with fields as JSON text."""
    return "{" + head + f',"points":{points}' + "".join(f',"{key}":{value}' for key, value in more.items()) + "}"


def entries(*points, **more):
    return raw(json.dumps(points), **{key: json.dumps(value) for key, value in more.items()})


def pair(numbers):
    """The object with one pair of numbers x,y,x,y as JSON text."""
    x, y, u, v = numbers.split(",")
    return raw(f'[{{"handle":[{x},{y}],"target":[{u},{v}]}}]')


def regions(*regions):
    return entries(regions=list(regions))


def strokes(*strokes):
    return entries(PAIR, strokes=list(strokes))


def long(text, piece, count):
    """text, with count times piece in the place of @."""
    before, after = text.split("@")
    return [[before, 1], [piece, count], [after, 1]]


TRACK = '[{"x": 100, "y": 100}, {"x": 7, "y": 9}, {"x": 200, "y": 100}]'
# as KJNodes' points editor writes them
CORNERS = [{"x": x, "y": y} for y in (50, 150) for x in (50, 100)]
BLANKS = "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2028\u2029\u202f\u205f\u3000"

# name: text, or pieces [text, count]
CASES = {
    # the object
    "object": entries(PAIR, image=SIZE),
    "object without image": entries(PAIR),
    "object of nothing": raw(),
    "object with blanks": '\n {\t"format" : "dragkit.points" ,\r\n"version":1, "points" :[ ] } \n',
    "object with null image, strokes and picture": raw(image="null", strokes="null", picture="null"),
    "object between unicode blanks": BLANKS + entries(PAIR) + BLANKS,
    "object after a zero-width space": "\u200b" + raw(),
    "object after a byte order mark": "\ufeff" + raw(),
    "object before a byte order mark": raw() + "\ufeff",
    "object with a no-break space inside": raw().replace(":", ":\xa0"),
    "object with a form feed inside": raw().replace(":", ":\f"),
    "object after a comment": "# c\n" + raw(),
    "object with a comment": raw() + "# c",
    "two objects": raw() + raw(),
    "object and a list": raw() + "\n[]",
    "object and a comma": raw() + " ,; ",
    "object and a word": raw() + " x",
    "cut object": raw()[:-1],
    "comma before the bracket": raw()[:-1] + ",}",
    "comma before the list's bracket": raw("[1,]"),
    "no comma": raw().replace(',"version"', '"version"'),
    "no colon": raw().replace(":1", " 1"),
    "key without quotes": raw().replace('"version"', "version"),
    "key in single quotes": raw().replace('"version"', "'version'"),
    "numeric key": '{1: 2, "format": "dragkit.points", "version": 1, "points": []}',
    "escaped key": raw().replace("format", "\\u0066ormat"),
    "escaped value": raw().replace("dragkit.points", "dragkit\\u002epoints"),
    "bad escape": raw(other='"\\x41"'),
    "short escape": raw(other='"\\u00g0"'),
    "half a surrogate pair": raw(other='"\\ud800"'),
    "line break in a string": raw(other='"a\nb"'),
    "control character in a string": raw(other='"a\x01b"'),
    "delete character in a string": raw(other='"a\x7fb"'),
    "open string": raw(other='"a'),
    "string that ends in a backslash": raw(other='"a\\'),
    "unknown keys": raw(other="[{},{\"a\":[true,false,null,\"\\n\\\"\"]},1.5e-7]"),
    "prototype keys": raw(__proto__='{"points":[1]}', constructor="1", toString="null"),
    "only a prototype": '{"__proto__": ' + raw() + "}",
    "format of another pack": raw().replace("dragkit.points", "tracks"),
    "format missing": raw(head='"version":1'),
    "format is a list": raw(head='"format":["dragkit.points"],"version":1'),
    "empty object": "{}",
    "key twice, last good": raw(head='"format":"x","format":"dragkit.points","version":2,"version":1'),
    "key twice, last bad": raw(head='"format":"dragkit.points","version":1,"version":2'),
    "points twice": raw("[1]").replace('"points":[1]', '"points":[1],"points":[]'),
    "handle twice": raw('[{"handle":[9,9],"handle":[0,0],"target":[1,1]}]'),
    **{
        f"version {version}": raw(head=f'"format":"dragkit.points","version":{version}')
        for version in ("1.0", "1e0", "2", "-1", "01", "true", '"1"', "null", "[1]", "1" * 30)
    },
    "version missing": raw(head='"format":"dragkit.points"'),
    **{
        f"image {image}": raw(image=image)
        for image in ("[1,1]", "[16384,16384]", "[16385,1]", "[0,5]", "[-1,5]", "[5]", "[5,5,5]", "[5.0,5]", "[5e0,5]",
                      "[true,5]", '["5",5]', "[null,5]", '"5x5"', "5", "{}", "[]", "false", "[1e999,5]",
                      "[" + "9" * 400 + ",5]")
    },
    **{
        f"points {points}": raw(points)
        for points in ("null", "{}", "5", '"[]"', "[null]", "[[0,0,1,1]]", "[5]", "true")
    },
    "points missing": '{"format":"dragkit.points","version":1}',
    # numbers
    **{
        f"coordinates {numbers}": pair(numbers)
        for numbers in ("0,1,0,1", "0.0,1.0,1e0,1E-0", "1e-7,5e-324,1e-400,0.1", "-0,-0.0,-0e5,0", "-0.1,0,0,0",
                        "1.0000001,0,0,0", "0,0,0,1.7", "1e999,0,0,0", "-1e999,0,0,0", "NaN,0,0,0", "Infinity,0,0,0",
                        "-Infinity,0,0,0", "nan,0,0,0", "+1,0,0,0", ".5,0,0,0", "1.,0,0,0", "0x1,0,0,0", "1_0,0,0,0",
                        "00,0,0,0", "01,0,0,0", "1e,0,0,0", "1e+,0,0,0", "-,0,0,0", "--1,0,0,0",
                        "0.30000000000000004,0,0,0",
                        "0.1234567890123456789012345,0,0,0", "true,0,0,0", "null,0,0,0", '"0.5",0,0,0', "[0],0,0,0",
                        "\u0663,0,0,0", "\uff11,0,0,0")
    },
    "integer of 400 digits": long(pair("@,0,0,0"), "9", 400),
    "integer of 4300 digits, unused": long(raw(other="@"), "9", 4300),
    "integer of 4301 digits, unused": long(raw(other="@"), "9", 4301),
    "negative integer of 4300 digits, unused": long(raw(other="-@"), "9", 4300),
    "integer of 9999 digits": long("[0, 0, @, 0]", "9", 9999),
    "float of 9999 digits, unused": long(raw(other="@.5"), "9", 9999),
    "not a number, unused": raw(other="NaN"),
    "infinity, unused": raw(other="[-Infinity]"),
    "too large a float, unused": raw(other="1e999"),
    # pairs
    "half-finished": entries({"handle": [0.1, 0.2]}, {"handle": [0.1, 0.2], "target": None}, PAIR),
    "half-finished with a bad handle": entries({"handle": [9, 9]}, {"handle": "x"}, {}, {"target": None}, PAIR),
    "disabled": entries(PAIR | {"enabled": False}, PAIR | {"enabled": True}),
    "disabled with bad places": entries(
        {"handle": [9, 9], "target": [0, 0], "enabled": False}, {"enabled": False, "target": "x"},
        {"handle": [0.5, 0.5], "target": [0.5, True], "enabled": False}, PAIR,
    ),
    **{
        f"enabled {json.dumps(value)}, outside": entries({"handle": [0, 0], "target": [0, 2], "enabled": value})
        for value in (False, True, None, 0, "false", [])
    },
    "turn and scale": entries(PAIR | {"turn": -30, "scale": 1.5}, PAIR, PAIR | {"turn": 180.0}, PAIR | {"scale": 0.25}),
    "turn of nothing": entries(PAIR | {"turn": 0, "scale": 1.0}),
    "turn of a pair that is not used": entries(PAIR | {"turn": 999, "enabled": False}, PAIR),
    **{
        f"turn refused: {name} {json.dumps(value)}": entries(PAIR, PAIR | {name: value})
        for name, values in {"turn": [180.5, -181, "90", None, True, 1e300], "scale": [0.2, 4.5, -1, [], None]}.items()
        for value in values
    },
    **{f"locked {json.dumps(value)}": entries(PAIR | {"locked": value}) for value in (False, True, None, 1, "x")},
    "target without a handle": entries({"target": [1, 1]}),
    "target false": entries({"handle": [0, 0], "target": False}),
    "target 0": entries({"handle": [0, 0], "target": 0}),
    "handle of three": entries({"handle": [0, 0, 0], "target": [1, 1]}),
    "handle of one": entries({"handle": [0], "target": [1, 1]}),
    "handle is an object": entries({"handle": {"x": 0, "y": 0}, "target": [1, 1]}),
    "512 pairs": long(raw(f"[@{json.dumps(PAIR)}]"), json.dumps(PAIR) + ",", 511),
    "513 pairs": long(raw(f"[@{json.dumps(PAIR)}]"), json.dumps(PAIR) + ",", 512),
    "512 pairs and disabled and half-finished ones": long(
        raw('[@{"handle":[0,0],"target":[1,1],"enabled":false},{"handle":[0,0]}]'), json.dumps(PAIR) + ",", 512
    ),
    # picture
    **{
        f"picture {json.dumps(value)[:40]}": entries(PAIR, picture=value)
        for value in ("photo.png", "dragkit/photo.png", "a/b/c d.jpg", "./a.png", "a//b.png", "..png", "a..b/c.png",
                      "...", "..", "../a.png", "a/../b.png", "a/..", "/a.png", "/", "C:/a.png", "c:a.png", "cc:a.png",
                      "a:b.png",
                      "\\a.png", "a\\..\\b.png", "", " ", "a\0.png", "a\n.png", "a\x7f.png", "a\x85.png", "\u2028.png",
                      "\u00e9\u4e2d\U0001f600.png", "\ud800.png", "\udc00\ud800", "<script>alert(1)</script>.png",
                      "%2e%2e/a.png", "https://example.com/a.png", 5, 0, True, False, [], ["a.png"], {}, {"a": 1})
    },
    "picture of 300 characters": long(entries(picture="@"), "a", 300),
    "picture of 301 characters": long(entries(picture="@"), "a", 301),
    "picture of 300 characters beyond 16 bits": long(entries(picture="@"), "\U0001f600", 300),
    "picture of 301 characters beyond 16 bits": long(entries(picture="@"), "\U0001f600", 301),
    # strokes
    "strokes": strokes(
        {"tool": "brush", "points": [[0, 0.5], [1, 0.25]], "size": 0.1},
        {"tool": "erase", "points": [[0.5, 0.5]], "size": 1},
        {"tool": "polygon", "points": [[0, 0], [1, 0], [0, 1]]}, {"tool": "box", "points": [[0, 0], [1, 1]]},
        {"tool": "invert"},
    ),
    "strokes with fields without a use": strokes(
        {"tool": "invert", "points": 5, "size": "x"}, {"tool": "box", "points": [[0, 0], [1, 1]], "size": 9, "a": []}
    ),
    **{
        f"strokes are {json.dumps(value)}": entries(strokes=value)
        for value in ({}, "brush", 5, True, [7], [[]], [None])
    },
    **{
        f"stroke {name}": strokes(stroke)
        for name, stroke in {
            "without anything": {},
            "of an unknown tool": {"tool": "spray", "points": [[0, 0]], "size": 0.1},
            "of a tool of every object": {"tool": "constructor", "points": [[0, 0]], "size": 0.1},
            "of a list of tools": {"tool": ["brush"], "points": [[0, 0]], "size": 0.1},
            "without points": {"tool": "brush", "size": 0.1},
            "of no points": {"tool": "brush", "size": 0.1, "points": []},
            "of a number of points": {"tool": "brush", "size": 0.1, "points": 3},
            "polygon of two": {"tool": "polygon", "points": [[0, 0], [1, 1]]},
            "box of three": {"tool": "box", "points": [[0, 0]] * 3},
            "outside": {"tool": "box", "points": [[0, 0], [1, 1.5]]},
            "left of the picture": {"tool": "box", "points": [[-0.001, 0], [1, 1]]},
            "of texts": {"tool": "box", "points": [[0, 0], [1, "1"]]},
            "of truths": {"tool": "box", "points": [[0, 0], [1, True]]},
            "without size": {"tool": "brush", "points": [[0, 0]]},
            "of size 0": {"tool": "brush", "points": [[0, 0]], "size": 0},
            "of size 1": {"tool": "brush", "points": [[0, 0]], "size": 1},
            "of size 1.01": {"tool": "brush", "points": [[0, 0]], "size": 1.01},
            "of size true": {"tool": "brush", "points": [[0, 0]], "size": True},
            "of size 1e-9": {"tool": "erase", "points": [[0, 0]], "size": 1e-9},
        }.items()
    },
    "stroke of size 1e999": strokes({"tool": "brush", "points": [[0, 0]], "size": 0.5}).replace("0.5}", "1e999}"),
    # regions
    "regions": regions(TRIANGLES, {"handle": [[0, 0.25], [1, 0], [1, 1], [0, 0.75]], "target": [[0.1, 0.2]] * 4}),
    "regions beside the rest": entries(
        PAIR, regions=[TRIANGLES], strokes=[{"tool": "invert"}], image=SIZE, picture="a.png"
    ),
    "regions with other keys": regions(TRIANGLES | {"enabled": False, "tool": 5}),
    "regions are null": entries(PAIR, regions=None),
    "regions are none": entries(PAIR, regions=[]),
    **{
        f"regions are {json.dumps(value)}": entries(PAIR, regions=value)
        for value in ({}, "polygon", 5, True, False, 0, [7], [[]], [None], [{}], TRIANGLES)
    },
    **{
        f"region {name}": regions(TRIANGLES, TRIANGLES | region)
        for name, region in {
            "without a handle": {"handle": None},
            "without a target": {"target": None},
            "of no corners": {"handle": []},
            "of two corners": {"target": [[0, 0], [1, 1]]},
            "of a text": {"handle": "abc"},
            "of an object": {"handle": {"0": [0, 0], "1": [0, 1], "2": [1, 1]}},
            "of numbers": {"target": [0, 0, 1, 0, 1, 1]},
            "of more handle than target": {"handle": [[0, 0], [1, 0], [1, 1], [0, 1]]},
            "of more target than handle": {"target": [[0, 0], [1, 0], [1, 1], [0, 1]]},
            "with a corner of one": {"handle": [[0, 0], [1], [1, 1]]},
            "with a corner of three": {"target": [[0, 0], [1, 0, 0], [1, 1]]},
            "with a corner of texts": {"handle": [[0, 0], ["1", 0], [1, 1]]},
            "with a corner of truths": {"handle": [[0, 0], [0, True], [1, 1]]},
            "with a corner of null": {"handle": [[0, 0], [None, 0], [1, 1]]},
            "right of the picture": {"target": [[0, 0], [1.0000001, 0], [1, 1]]},
            "above the picture": {"handle": [[0, 0], [0, 1], [1, -0.25]]},
            "in pixels": {"handle": [[10, 10], [90, 10], [90, 90]]},
        }.items()
    },
    "region at NaN": regions(TRIANGLES).replace("1.0]", "NaN]"),
    "region at 1e999": regions(TRIANGLES).replace("1.0]", "1e999]"),
    "region at -0 and 1e-400": regions(TRIANGLES).replace("[0, 0]", "[-0.0, 1e-400]"),
    "regions, 64": long(raw(regions=f"[@{json.dumps(TRIANGLES)}]"), json.dumps(TRIANGLES) + ",", 63),
    "regions, 65": long(raw(regions=f"[@{json.dumps(TRIANGLES)}]"), json.dumps(TRIANGLES) + ",", 64),
    "regions of 10002 corners": [
        [raw()[:-1] + ',"regions":[{"handle":[[0,0]', 1], [",[1,0]", 5000], ['],"target":[[0,0]', 1], [",[0,1]", 5000],
        ["]}]}", 1],
    ],
    # lines
    "blank": "",
    "blanks": BLANKS,
    "comment": "# nothing",
    "lines": "100,100 -> 200,100\n50,150 -> 150,200",
    "lines in fractions": "0.25,0.5 -> 0.5,0.5\n0.125,0.75 -> 0.375,1",
    "lines and comments": "# two\n\n (.25, .5) => (.5, .5)  # the first\r\n[0.125 0.75]->[3.75e-1 1.]\n",
    "lines and semicolons": "0.25,0.5->0.5,0.5; 0.125,0.75->0.375,1;;",
    "semicolon in a comment": "0,0->1,1 # a; b\n1,1->0,0",
    **{f"lines broken by {ord(c):#x}": f"0,0->1,1{c}1,1->0,0" for c in "\n\r\v\f\x1c\x1d\x1e\x1f\x85\u2028\u2029"},
    "lines broken by both": "0,0->1,1\r\n1,1->0,0\n\r",
    "comment broken by a carriage return": "0,0->1,1 # a\r1,1->0,0",
    **{
        f"numbers parted by {ord(c):#x}": f"0{c}0 ->{c}1{c}1"
        for c in " \t\x1f\xa0\u1680\u2000\u202f\u3000\u200b\ufeff\u180e"
    },
    "numbers with spaces around the comma": "0 , 0.5 -> \u30001 ,1\xa0",
    "comma after a number": "0,0, -> 1,1",
    "two commas": "0,,0 -> 1,1",
    "arrow in pixels": "10,20=>30,40",
    "long arrow": "1,2 --> 3,4",
    "two arrows": "0,0 -> 1,1 -> 0,0",
    "arrow without an end": "0,0 -> 1,1\n0,0 ->",
    "no arrow": "0,0 1,1",
    "three numbers": "0,0,0 -> 1,1,1",
    "brackets anywhere": "[(0)],(0] -> ]1, 1[",
    "braces": "{0,0} -> {1,1}",
    "words": "hello",
    **{
        f"line of {number}": f"{number},0 -> 1,1"
        for number in ("nan", "inf", "0x1", "1_0", "+.5", "-0", "-.5", "1.", ".", "1e5", "1E-5", "1e", "e5", "1e999",
                       "9" * 999, "\u0663", "\uff11", "\u00b2", "1 0", "1\u212f5")
    },
    "on the border": "0,0 -> 400,200",
    "beyond the border": "0,0 -> 400,200.5",
    "left of the border": "-1,5 -> 3,4",
    "one number beyond 1": "0.5,0.5 -> 0.5,1.5",
    "negative fraction": "-0.5,0.5 -> 0.5,0.5",
    "512 lines": [["0,0->1,1\n", 512]],
    "513 lines": [["0,0->1,1\n", 513]],
    # lists
    "list of positions": "[[100, 100], [200, 100], [50, 150], [150, 200]]",
    "lists in rows": "[0.25, 0.5]\n[0.5, 0.5]\n[0.125, 0.75]\n[0.375, 1]",
    "list of numbers": "[100, 100, 200, 100, 50, 150, 150, 200]",
    "list with comments": "[0, 0, # handle\n 1, 1] # target",
    "list with an arrow in a comment": "[0, 0, 1, 1] # ->",
    "list with an arrow": "[0, 0] -> [1, 1]",
    "list with a text of an arrow": '["->", 0, 1, 1]',
    "lists parted by odd blanks": "[0,0]\u3000;,\x1f[1,1]",
    "lists parted by a zero-width space": "[0,0]\u200b[1,1]",
    "list and a number": "[0.1, 0.2, 0.3, 0.4] 7",
    "list and an object": "[0.1, 0.2, 0.3, 0.4] {}",
    "lists of four": "[0,0,1,1] [1,1,0,0]",
    "empty list": "[]",
    "empty lists": "[[], []]; []",
    "empty list in a list": "[[[]]]",
    "empty list and positions": "[[], [0, 0], [1, 1]]",
    "three positions": "[[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]]",
    "three numbers in a list": "[0.1, 0.2, 0.3]",
    "truth in a list": "[0.1, 0.2, true, 0.4]",
    "text in a list": "[0.1, 0.2, '0.3', 0.4]",
    "null in a list": "[0.1, 0.2, null, 0.4]",
    "position and number": "[[0.1, 0.2], 0.3]",
    "list beyond the border": "[0, 0, 500, 0]",
    "list of 1e999": "[0, 0, 1e999, 0]",
    "list of NaN": "[0, 0, NaN, 0]",
    "list of 400 digits": long("[0, 0, @, 0]", "9", 400),
    "open list": "[0, 0, 1, 1",
    "trailing comma": "[0, 0, 1, 1,]",
    "many lists and a word": [["[]", 400_000], ["x", 1]],
    "too many numbers": [["[0", 1], [",0", 2051], ["]", 1]],
    # tracks
    "track": TRACK,
    "tracks": f"[{TRACK}, {TRACK}]",
    "tracks in a row": f"{TRACK}; {TRACK}\n[{TRACK}]",
    "track in Python's quotes": TRACK.replace('"', "'"),
    "track in mixed quotes": TRACK.replace('"x"', "'x\""),
    "four positions": json.dumps(CORNERS),
    "four positions in fractions": json.dumps([{axis: value / 200 for axis, value in xy.items()} for xy in CORNERS]),
    "two positions": json.dumps(CORNERS[:2]),
    "four positions, each in a list": json.dumps([[corner] for corner in CORNERS]),
    "four positions in two lists": json.dumps([CORNERS[:2], CORNERS[2:]]),
    "a track in a list of tracks": f"[{TRACK}]",
    "track and an empty list": f"{TRACK} []",
    "track of one point": '[{"x": 3, "y": 4}]',
    "tracks of one and three points": f'[{{"x": 3, "y": 4}}] {TRACK}',
    "track in fractions": '[{"x": 0, "y": 0.5}, {"x": 1, "y": 1}]',
    "track with a far middle": '[{"x": 0, "y": 0.5}, {"x": -9, "y": 1e999}, {"x": 1, "y": 1}]',
    "track with a far single point": '[{"x": 9, "y": 9}] [{"x": 0, "y": 0}, {"x": 1, "y": 1}]',
    "track with an end outside": '[{"x": 0, "y": 0.5}, {"x": -9, "y": 1}]',
    "track without y": '[{"x": 0, "y": 0}, {"x": 1}]',
    "track with null": '[{"x": 0, "y": 0}, {"x": 1, "y": null}]',
    "track with other keys": '[{"x": 0, "y": 0, "t": NaN}, {"x": 1, "y": 1}]',
    "track with a key twice": '[{"x": 5, "x": 0, "y": 0}, {"x": 1, "y": 1}]',
    "track with a position": '[{"x": 1, "y": 0}, [1, 2]]',
    "track of empty objects": "[{}, {}]",
    "tracks and numbers": f"[{TRACK}, 5]",
    # size
    "nested 300 deep, unused": [[raw()[:-1] + ',"other":', 1], ["[", 300], ["]", 300], ["}", 1]],
    "lists nested 100,000 deep": [["[", 100_000]],
    "objects nested 100,000 deep": [['{"a":', 100_000]],
    "a million blanks": [[" ", 1_000_000]],
    "a million and one blanks": [[" ", 1_000_001]],
    "a million characters of 16 bits and more": [["#", 1], ["\U0001f600", 999_999]],
    "a million and one characters of 16 bits and more": [["#", 1], ["\U0001f600", 1_000_000]],
    "three million characters": [["#", 3_000_000]],
    "long blanks in a line": [["0,0 -> 1", 1], [" ", 900_000], ["x", 1]],
    "long string": long(raw(other='"@"'), "a\\n", 300_000),
    # no text
    "null": None, "number": 3.5, "truth": True, "list as a value": [0, 0, 1, 1],
    "object as a value": {"format": "dragkit.points"},
}  # fmt: skip
# also read where the size of the picture is not known
WITHOUT_SIZE = {
    "object", "lines", "lines in fractions", "blank", "list of positions", "tracks", "track in fractions", "words",
    "left of the border", "beyond the border", "list of 1e999", "list of 400 digits", "track with an end outside",
    "track with a far single point", "513 lines", "one number beyond 1", "null",
}  # fmt: skip


def is_pieces(text):
    return isinstance(text, list) and bool(text) and isinstance(text[0], list)


def main():
    assert WITHOUT_SIZE <= set(CASES)
    cases = []
    for name, text in CASES.items():
        for size in (SIZE, None) if name in WITHOUT_SIZE else (SIZE,):
            case = {
                "name": name if size else f"{name}, size unknown",
                "pieces" if is_pieces(text) else "text": text,
                "size": size,
            }
            found = outcome(text_of(case), size)
            if not name.startswith(WITH_REASON):
                found.pop("reason", None)
            cases.append(json.dumps(case | found))
    path = Path(__file__).parent / "points_json.json"
    path.write_text("[\n" + ",\n".join(cases) + "\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
