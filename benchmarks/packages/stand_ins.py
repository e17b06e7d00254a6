"""Imports that a module under test names but that its recurrent code does not need.

A probe declares them. What is installed is imported as always; only a declared name that is missing
becomes a stand-in, whose attributes may be named, subscripted and derived from. Calling one is an
error, so nothing that a stand-in says can get into a number.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import sys
import types


class _Name(type):
    """A class that has every attribute, each again such a class."""

    def __getattr__(cls, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return _Name(name, (), {})

    def __getitem__(cls, item):
        return cls

    def __call__(cls, *args, **kwargs):
        raise RuntimeError(f"{cls.__name__} is not installed: a stand-in cannot be called")


class _Module(types.ModuleType):
    __path__ = ()

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return _Name(name, (), {})


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def __init__(self, names):
        self.names = frozenset(names)

    def find_spec(self, fullname, path=None, target=None):
        if fullname.partition(".")[0] in self.names:
            return importlib.machinery.ModuleSpec(fullname, self, is_package=True)
        return None

    def create_module(self, spec):
        return _Module(spec.name)

    def exec_module(self, module):
        pass


def stand_in(*names):
    """Let the top-level packages ``names`` be imported where they are not installed."""
    sys.meta_path.append(_Finder(names))


def old_config():
    """Let ``from jax.config import config`` work where jax no longer has that module."""
    import jax

    module = types.ModuleType("jax.config")
    module.config = jax.config
    sys.modules.setdefault("jax.config", module)


def package_without_init(name, folder):
    """Register the package ``name`` without running its ``__init__``, which imports far more."""
    spec = importlib.machinery.ModuleSpec(name, None, is_package=True)
    spec.submodule_search_locations = [str(folder)]
    sys.modules[name] = importlib.util.module_from_spec(spec)
