"""Starts the recorder in every interpreter of a recorded command, then the user's own start-up."""

import os
import sys
from importlib.machinery import PathFinder
from importlib.util import module_from_spec

HERE = os.path.dirname(os.path.abspath(__file__))

import rnn_codemod_recorder  # noqa: E402
import rnn_codemod_redirect  # noqa: E402

rnn_codemod_redirect.start()
rnn_codemod_recorder.start()

_elsewhere = [entry for entry in sys.path if os.path.abspath(entry or ".") != HERE]
_spec = PathFinder.find_spec("sitecustomize", _elsewhere)
if _spec is not None and _spec.loader is not None:
    _module = module_from_spec(_spec)
    sys.modules["sitecustomize"] = _module
    _spec.loader.exec_module(_module)
