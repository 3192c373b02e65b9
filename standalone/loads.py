"""What edits that follow each other need not load again."""


class Loads:
    """load(what, *key): what(*key), or what it gave the last time if that had the same key; one thing of each kind is
    kept."""

    def __init__(self):
        self.kept = {}

    def __call__(self, what, *key):
        if what not in self.kept or self.kept[what][0] != key:
            # there may be no room for both
            self.kept.pop(what, None)
            self.kept[what] = key, what(*key)
        return self.kept[what][1]
