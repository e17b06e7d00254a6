"""The rules, one file each; a file that defines ``rule`` is found by being here."""

from __future__ import annotations

import importlib
import pkgutil

from rnn_codemod.rules.rule import Rule

RULES: dict[str, Rule] = {}
for _module in sorted(pkgutil.iter_modules(__path__), key=lambda module: module.name):
    _rule = getattr(importlib.import_module(f"{__name__}.{_module.name}"), "rule", None)
    if isinstance(_rule, Rule):
        RULES[_rule.name] = _rule

GROUPS = frozenset(rule.group for rule in RULES.values())

__all__ = ["GROUPS", "RULES", "Rule"]
