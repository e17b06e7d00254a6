"""Cells that Python looks up: by ``setattr``, in a registry, a module, a class of its own."""

from __future__ import annotations

from pieces import carry_call, cell_arguments, module_class
from writer import Writer, indented


def named(w: Writer) -> None:
    """A class reached by a way that names it only in text, or not at all."""
    kind, value = w.dense(), w.hidden()
    name, cls = w.fresh("Found"), w.cell(kind)
    shelf = w.fresh("SHELF")
    ways = ["registry", "registry call", "imported", "type", "class", "subscript", "default"]
    ways += ["set", "set by name", "enum", "attrgetter", "globals"]
    way = w.one(*ways, "chain")
    w.tag(f"named:{way}")
    made = f"{cls}({cell_arguments(w)})"
    head: list[str] = []
    match way:
        case "registry":
            w.block(f"{shelf} = {{}}")
            w.block(
                w.one(f'{shelf}["a"] = {cls}', f"{shelf}.update(a={cls})"), f"FILLED_{shelf} = 1"
            )
            w.probe.append(f"FILLED_{shelf}")
            found = w.one(f'{shelf}["a"]', f'{shelf}.get("a")')
        case "registry call":
            add = w.fresh("register")
            w.block(f"{shelf} = {{}}")
            w.block(f"def {add}(name, cls):", f"    {shelf}[name] = cls", "    return cls")
            w.block(f'FILLED_{shelf} = {add}("a", {cls})')
            w.probe.append(f"FILLED_{shelf}")
            found = f'{shelf}["a"]'
        case "imported":
            w.need("import importlib")
            found = f'importlib.import_module("flax.linen").{kind}'
        case "type" | "class":
            head = [f"cell = {made}"]
            found, made = "type(cell)" if way == "type" else "cell.__class__", "cell"
        case "subscript":
            w.block(f"{shelf} = ({cls}, {w.nn('Dense')})")
            found = f"{shelf}[0]"
        case "set" | "set by name":
            w.block(f"class {shelf}:", "    cell = None")
            line = f"{shelf}.cell = {cls}" if way == "set" else f'setattr({shelf}, "cell", {cls})'
            w.block(line, f"FILLED_{shelf} = 1")
            w.probe.append(f"FILLED_{shelf}")
            found = f"{shelf}.cell"
        case "enum":
            w.need("import enum")
            other = w.one(cls, w.cell(kind), w.nn("Dense"))
            w.block(f"class {shelf}(enum.Enum):", f"    A = ({cls}, 1)", f"    B = ({other}, 2)")
            found = w.one(f"{shelf}.A.value[0]", f'{shelf}["A"].value[0]')
        case "attrgetter":
            w.need("import operator")
            w.block(f"class {shelf}:", f"    cell = {cls}")
            found = f'operator.attrgetter("cell")({shelf})'
        case "globals":
            find = w.fresh("look_up")
            w.block(f"{shelf} = {cls}", f"def {find}(word):", "    return globals()[word]")
            found = f'{find}("{shelf}")'
        case "default":
            find = w.fresh("pick")
            w.block(f"def {find}(name=None, default={cls}):", "    return default")
            found = f"{find}()"
        case _:
            w.block(f"class {shelf}:", f"    cell = {cls}")
            w.block(f"class {shelf}s:", f"    first = {shelf}")
            found = f"{shelf}s.first.cell"
    if made != "cell":
        made = w.one(made, f"{found}()", f"{found}()")
    receiver = w.one(found, found, cls)
    call = carry_call(w, receiver, w.key(), "x.shape[:-1]", str(value), drawn=False)
    body = [*head, f"carry = {call}", f"return {made}(carry, x)"]
    if not head and w.maybe():
        body = [f"Cell = {found}", *body]
        body[1:] = [line.replace(found, "Cell") for line in body[1:]]
    lines = [f"@{w.nn('compact')}", "def __call__(self, x):", *indented(body)]
    module_class(w, name, [], lines)
    w.probe.append(
        f'found["{name}"] = {name}().init_with_output({w.key()}, data({w.batch}, {w.width}))'
    )


def set_by_name(w: Writer) -> None:
    """Cells that ``setup`` sets by their names, and that are got by their names."""
    kind, value = w.dense(), w.hidden()
    name, cls = w.fresh("Sets"), w.cell(kind)
    way = w.one("one", "one", "loop", "sizes", "getattr")
    w.tag(f"set_by_name:{way}")
    made, key = f"{cls}({cell_arguments(w)})", w.key()
    sizes = f"({value}, {value + 2})" if way == "sizes" else f"({value}, {value})"
    if way in ("one", "getattr"):
        setup = [f'setattr(self, "cell", {made})' if way == "one" else f"self.cell = {made}"]
        got = w.one("self.cell", 'getattr(self, "cell")')
        call = carry_call(w, w.one(cls, got), key, "(x.shape[0],)", "self.sizes[0]", drawn=False)
        body = [f"return {got}({call}, x)"]
    else:
        setup = ["for i in range(2):", f'    setattr(self, f"cell_{{i}}", {made})']
        call = carry_call(w, cls, key, "(x.shape[0],)", "n", drawn=False)
        body = ["for i, n in enumerate(self.sizes):", f"    carry = {call}"]
        body += ['    carry, x = getattr(self, f"cell_{i}")(carry, x)', "return carry, x"]
    lines = ["def setup(self):", *indented(setup), "", "def __call__(self, x):", *indented(body)]
    module_class(w, name, [f"sizes: Any = {sizes}"], lines)
    w.probe.append(
        f'found["{name}"] = {name}().init_with_output({w.key()}, data({w.batch}, {w.width}))'
    )
