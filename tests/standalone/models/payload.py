"""A file of weights that would run code."""


class Executed(Exception):
    pass


class Payload:
    def __reduce__(self):
        return _execute, ()


def _execute():
    raise Executed
