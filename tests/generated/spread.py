"""Spreads the blocks of a program over the files of a project, and ties them with imports."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

from writer import T

_PACKAGES = ("brain", "lab", "kit", "study")
_FOLDERS = ("inner", "zoo", "nets", "memory")
_STEMS = ("basic", "settings", "agents", "units", "tools", "heads", "flows", "shared", "extra")
_OTHER_NAMES_OF_LINEN = {
    "linen_": "import flax.linen as linen_",
    "fnn": "from flax import linen as fnn",
    "net_lib": "import flax.linen as net_lib",
}


@dataclass(frozen=True)
class Block:
    """Some top-level lines, the names they bind and the names they read."""

    text: str
    binds: frozenset[str]
    reads: frozenset[str]

    @classmethod
    def of(cls, lines: Sequence[str]) -> Block:
        """The block with these lines."""
        text = "\n".join(lines)
        tree = ast.parse(text)
        reads = {
            node.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
        }
        return cls(text, frozenset(_bound(tree)), frozenset(reads))

    def identifiers(self) -> set[str]:
        """Every name in it, whatever it stands for."""
        tree = ast.walk(ast.parse(self.text))
        return {n.id for n in tree if isinstance(n, ast.Name)} | {
            n.arg for n in ast.walk(ast.parse(self.text)) if isinstance(n, ast.arg)
        }

    def renamed(self, names: dict[str, str]) -> str:
        """Its text with other expressions for some names."""
        starts = [0]
        for line in self.text.splitlines(keepends=True):
            starts.append(starts[-1] + len(line))
        text = self.text
        found = [
            node
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in names
        ]
        for node in sorted(found, key=lambda n: (n.lineno, n.col_offset), reverse=True):
            at = starts[node.lineno - 1] + node.col_offset
            text = text[:at] + names[node.id] + text[at + len(node.id) :]
        return text


def _bound(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        match node:
            case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
                yield node.name
            case ast.Assign():
                yield from (name.id for name in node.targets if isinstance(name, ast.Name))
            case ast.Import():
                yield from (a.asname or a.name.partition(".")[0] for a in node.names)
            case ast.ImportFrom():
                yield from (a.asname or a.name for a in node.names)


@dataclass
class _File:
    module: str
    is_package: bool
    blocks: list[Block] = field(default_factory=list)
    imports: list[str] = field(default_factory=list)
    bound: set[str] = field(default_factory=set)
    """The names that it gives to whoever imports them, each under its own name."""
    renames: dict[str, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        below = "/__init__" if self.is_package else ""
        return self.module.replace(".", "/") + below + ".py"

    @property
    def package(self) -> str:
        return self.module if self.is_package else self.module.rpartition(".")[0]

    def text(self) -> str:
        lines = list(dict.fromkeys(self.imports))
        parts = [block.renamed(self.renames) for block in self.blocks]
        return "\n\n\n".join(["\n".join(lines), *parts] if lines else parts) + "\n"


class Spread:
    """Files in an order in which each needs only those before it.

    The files of a package stand side by side, so that its ``__init__`` can hand on what they hold
    without a circle that Python could not import.
    """

    def __init__(self, random: Random, blocks: Sequence[Block], imports: Sequence[str]) -> None:
        self._random = random
        self._externals = {name: line for line in imports for name in Block.of([line]).binds}
        taken = set().union(*(block.identifiers() for block in blocks), self._externals)
        self._files = _tree(random, taken | set(dir(builtins)))
        self._handed_on: dict[str, dict[str, tuple[int, str]]] = {}
        self._namespaces = random.randrange(8) == 0
        self._hands_on_flax = random.randrange(10) == 0
        self._where: dict[str, int] = {}
        for block in blocks:
            self._place(block)

    def _one(self, *options: T) -> T:
        return options[self._random.randrange(len(options))]

    def _place(self, block: Block) -> None:
        lowest = max((self._where[name] for name in block.reads if name in self._where), default=0)
        index = self._random.randrange(lowest, len(self._files))
        if self._random.randrange(3) == 0:
            index = lowest
        self._files[index].blocks.append(block)
        for name in block.binds:
            self._where[name] = index
            self._files[index].bound.add(name)

    def files(self, last: Block) -> dict[str, str]:
        """The text of each file by its path; ``last`` is ``probe.py``."""
        self._files.append(_File("probe", False, [last]))
        for index, file in enumerate(self._files):
            reads = set().union(*(block.reads for block in file.blocks))
            for name in sorted(reads & self._externals.keys() - file.bound):
                self._import_external(index, name)
            for name in sorted(reads & self._where.keys()):
                if self._where[name] != index:
                    self._import(index, name)
            self._random.shuffle(file.imports)
        texts = {file.path: file.text() for file in self._files if file.blocks}
        return {**texts, **self._inits(texts)}

    def _inits(self, texts: dict[str, str]) -> dict[str, str]:
        packages = {file.package for file in self._files}
        packages |= {".".join(name.split(".")[:n]) for name in packages for n in range(1, 3)}
        inits = {}
        for package in sorted(packages - {""}):
            path = package.replace(".", "/") + "/__init__.py"
            lines = [line for _, line in sorted(self._handed_on.get(package, {}).values())]
            if path in texts:
                inits[path] = texts[path] + "".join(f"\n{line}" for line in lines)
                inits[path] = inits[path].rstrip("\n") + "\n"
            elif lines or not self._namespaces:
                inits[path] = "\n".join(lines) + ("\n" if lines else "")
        return inits

    def _import_external(self, index: int, name: str) -> None:
        file, line = self._files[index], self._externals[name]
        givers = [f for f in self._files[:index] if name in f.bound and f.module != "probe"]
        if givers and self._hands_on_flax and self._random.randrange(3) == 0:
            giver = self._one(*givers)
            source = self._one(giver.module, _relative(file, giver.module) or giver.module)
            line = self._one(f"from {source} import {name}", f"from {source} import *")
        elif name in ("nn", "linen") and self._random.randrange(4) == 0:
            file.renames[name], line = self._one(*_OTHER_NAMES_OF_LINEN.items())
            file.imports.append(line)
            return
        file.imports.append(line)
        file.bound.add(name)

    def _import(self, index: int, name: str) -> None:
        file = self._files[index]
        module, given = self._door(index, name)
        source = self._one(module, _relative(file, module) or module)
        stem = module.rpartition(".")[2]
        ways = ["from", "from", "from", "as", "star", "module", "alias", "attribute"]
        if module.count(".") and file.module.startswith(_parent(module) + "."):
            if _parent(module).count(".") or file.package == module:
                ways.remove("attribute")
        if not _parent(module):
            ways.remove("module")
        if f"{module}.".count(".") > 1 and file.package.startswith(module):
            ways = [way for way in ways if way != "attribute"]
        match self._one(*ways):
            case "from" if given == name:
                file.imports.append(f"from {source} import {given}")
                file.bound.add(name)
            case "as" | "from":
                alias = self._one("Local", "The", "My") + f"{name}"
                file.imports.append(f"from {source} import {given} as {alias}")
                file.renames[name] = alias
            case "star":
                file.imports.append(f"from {source} import *")
                if given == name:
                    file.bound.add(name)
                else:
                    file.renames[name] = given
            case "module":
                parent = self._one(_parent(module), _relative(file, _parent(module)))
                file.imports.append(f"from {parent or _parent(module)} import {stem}")
                file.renames[name] = f"{stem}.{given}"
            case "alias":
                file.imports.append(f"import {module} as {stem}_")
                file.renames[name] = f"{stem}_.{given}"
            case _:
                file.imports.append(f"import {module}")
                file.renames[name] = f"{module}.{given}"

    def _door(self, index: int, name: str) -> tuple[str, str]:
        """A module that gives ``name``, and under what name."""
        home, file = self._files[self._where[name]], self._files[index]
        doors = [(home.module, name)] * 3
        for other in self._files[self._where[name] + 1 : index]:
            if name in other.bound and other.blocks:
                doors.append((other.module, name))
        for package in _packages(home):
            if package != home.module and self._may_pass(package, home, file):
                doors.append((package, ""))
        module, given = self._one(*doors)
        return (module, given or self._hand_on(module, home, name))

    def _may_pass(self, package: str, home: _File, file: _File) -> bool:
        if not (file.module + ".").startswith(package + "."):
            return True
        depth = package.count(".") + 1
        units = [f.module.split(".")[depth : depth + 1] for f in (home, file)]
        return bool(units[1]) and units[0] != units[1]

    def _hand_on(self, package: str, home: _File, name: str) -> str:
        """Lets the ``__init__`` of ``package`` give the name; returns what it calls it."""
        given = self._handed_on.setdefault(package, {})
        if name not in given:
            module = home.module
            below = [p for p in _packages(home) if p.startswith(package + ".") and p != module]
            called = name
            if below and self._one(True, False):
                module = below[-1]
                called = self._hand_on(module, home, name)
            source = self._one(module, "." + module[len(package) + 1 :])
            line = f"from {source} import {called}"
            if called == name:
                line = self._one(line, line, f"from {source} import *", f"{line} as Known{name}")
            given[name] = (self._where[name], line)
        line = given[name][1]
        return name if line.endswith("*") else line.split()[-1]


def _parent(module: str) -> str:
    return module.rpartition(".")[0]


def _packages(file: _File) -> list[str]:
    """The packages that a file is in, the innermost first."""
    parts = file.package.split(".") if file.package else []
    return [".".join(parts[:n]) for n in range(len(parts), 0, -1)]


def _relative(file: _File, module: str) -> str:
    """``module`` as ``file`` may write it with dots; empty where it cannot."""
    mine, other = file.package.split("."), module.split(".")
    if not file.package or mine[0] != other[0]:
        return ""
    shared = 0
    while shared < min(len(mine), len(other)) and mine[shared] == other[shared]:
        shared += 1
    return "." * (len(mine) - shared + 1) + ".".join(other[shared:])


def _tree(random: Random, taken: set[str]) -> list[_File]:
    """Empty files of a project, in an order in which they may import each other."""
    stems = [stem for stem in _STEMS if stem not in taken]
    folders = [folder for folder in _FOLDERS if folder not in taken]
    packages = [package for package in _PACKAGES if package not in taken]
    for names in (stems, folders, packages):
        random.shuffle(names)
    top = packages.pop()

    def some(package: str, count: int) -> list[_File]:
        first = [_File(package, True)] if package and random.randrange(3) == 0 else []
        prefix = f"{package}." if package else ""
        return first + [_File(prefix + stems.pop(), False) for _ in range(count)]

    match random.choice(["flat", "package", "package", "nested", "nested", "two"]):
        case "flat":
            return some("", random.choice([1, 2, 3, 4]))
        case "package":
            return some(top, random.choice([2, 3, 4, 5]))
        case "nested":
            head = some(top, random.choice([0, 1]))
            one = some(f"{top}.{folders.pop()}", random.choice([1, 2]))
            two = some(f"{top}.{folders.pop()}", random.choice([1, 2]))
            return [*head, *one, *two, *some_more(top, stems, random)]
    return [*some(top, 2), *some(packages.pop(), 2), *some("", random.choice([0, 1]))]


def some_more(top: str, stems: list[str], random: Random) -> list[_File]:
    """Files of a package that come after its folders."""
    return [_File(f"{top}.{stems.pop()}", False) for _ in range(random.choice([0, 1, 2]))]
