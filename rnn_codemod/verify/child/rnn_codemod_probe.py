"""Runs one function of a file and records what it returns.

``python rnn_codemod_probe.py FILE FUNCTION LABEL``.
"""

import importlib
import os
import sys

import rnn_codemod_recorder


def load(file):
    """Imports a file: one inside packages under its dotted name, so that its relative imports
    work; any other as the module of its name."""
    folder, name = os.path.split(os.path.abspath(file))
    parts = [os.path.splitext(name)[0]]
    while os.path.exists(os.path.join(folder, "__init__.py")):
        folder, package = os.path.split(folder)
        parts.insert(0, package)
    if parts[-1] == "__init__":
        parts.pop()
    sys.path[0] = folder
    sys.argv = [file]
    return importlib.import_module(".".join(parts))


def main():
    file, function, label = sys.argv[1:]
    result = getattr(load(file), function)()
    if hasattr(result, "__next__"):
        result = list(result)
    key = (label, "", "probe", "")
    rnn_codemod_recorder.emit("probe", key, {"result": result})


if __name__ == "__main__":
    main()
