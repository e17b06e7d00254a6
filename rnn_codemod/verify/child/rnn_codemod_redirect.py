"""Leads imports out of the user's tree into the copy of it that the command runs in.

A package that is installed from the tree (``pip install --editable``) would be imported from there
otherwise, on both sides the same.
"""

import os
import sys

ROOT = "RNN_CODEMOD_ROOT"
"""Environment variable: the user's tree."""
TREE = "RNN_CODEMOD_TREE"
"""Environment variable: its copy, with a slash at the end."""


def start():
    """Redirects what the environment has put on the path; does nothing without a tree."""
    if not os.environ.get(ROOT):
        return
    sys.path[:] = [moved(entry) for entry in sys.path]
    for finder in sys.meta_path:
        made_by = sys.modules.get(getattr(finder, "__module__", ""))
        mapping = getattr(made_by, "MAPPING", None)  # An editable install by setuptools.
        if isinstance(mapping, dict):
            mapping.update({name: moved(path) for name, path in mapping.items()})


def moved(path):
    """The same place in the copy, where ``path`` is in the tree and the copy has it."""
    if not isinstance(path, str) or not path:
        return path
    root, real = os.environ[ROOT], os.path.realpath(path)
    if real != root and not real.startswith(root + os.sep):
        return path
    copied = os.path.join(os.environ[TREE], os.path.relpath(real, root))
    return os.path.normpath(copied) if os.path.exists(copied) else path


def imported_from_the_tree():
    """The files of modules that came out of the tree in spite of all, and have a copy."""
    if not os.environ.get(ROOT):
        return []
    files = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
    return sorted({file for file in files if file and moved(file) != file})
