"""Classes around the cells: bases, mixins, overridden sizes, compact methods of another name."""

from __future__ import annotations

from pieces import carry_call, cell_arguments, module_class
from writer import Writer, indented


def inheritance(w: Writer) -> None:
    """The size, the carry or the cell comes from a base class, or is another in a subclass."""
    kind, value = w.dense(), w.hidden()
    base, name, cls = w.fresh("Base"), w.fresh("Derived"), w.cell(kind)
    arguments = cell_arguments(w)
    ways = ["attribute", "method", "property", "field", "mixin", "start", "cell", "super"]
    way = w.one(*ways, "abstract", "class_cell", "static")
    w.tag(f"inheritance:{way}")
    setup = ["def setup(self):", f"    self.cell = {cls}({arguments})", ""]
    receiver = w.one(cls, cls, "self.cell")

    def call(size: str) -> list[str]:
        made = carry_call(w, receiver, w.key(), "(x.shape[0],)", size)
        return ["def __call__(self, x):", f"    carry = {made}", "    return self.cell(carry, x)"]

    derived: list[str] = []
    given = ""
    match way:
        case "attribute":
            module_class(w, base, [], [f"width = {value}", "", *setup, *call("self.width")])
            derived = ["width = 9"]
        case "method":
            size = ["def size(self):", f"    return {value}", ""]
            module_class(w, base, [], [*size, *setup, *call("self.size()")])
            derived = ["def size(self):", "    return 9"]
        case "property":
            size = ["@property", "def size(self):", f"    return {value}", ""]
            module_class(w, base, [], [*size, *setup, *call("self.size")])
            derived = ["@property", "def size(self):", "    return 9"]
        case "field":
            module_class(w, base, [f"width: int = {value}"], [*setup, *call("self.width")])
            derived = ["width: int = 9"]
        case "mixin":
            mixin = w.fresh("Mixin")
            made = carry_call(w, cls, w.key(), "(x.shape[0],)", "self.width")
            w.block(f"class {mixin}:", "    def start(self, x):", f"        return {made}")
            body = ["def __call__(self, x):", "    return self.cell(self.start(x), x)"]
            parts = [f"class {base}({mixin}, {w.nn('Module')}):", f"    width: int = {value}", ""]
            w.block(*parts, *indented([*setup, *body]))
            derived, given = ["width: int = 9"], ""
        case "start":
            made = carry_call(w, receiver, w.key(), "(batch,)", "self.width")
            start = ["def start(self, batch):", f"    return {made}", ""]
            body = ["def __call__(self, x):"]
            body += ["    return self.cell(self.start(x.shape[0]), x)"]
            module_class(w, base, [f"width: int = {value}"], [*setup, *start, *body])
            other = carry_call(w, receiver, w.key(), "(batch,)", "self.width + 2")
            derived = ["def start(self, batch):", f"    return {other}"]
        case "cell":
            module_class(w, base, [f"width: int = {value}"], [*setup, *call("self.width")])
            second = w.cell(kind)
            derived = ["def setup(self):", f"    self.cell = {second}()"]
        case "super":
            module_class(w, base, [f"width: int = {value}"], [*setup, *call("self.width")])
            derived = ["def __call__(self, x):", "    carry, y = super().__call__(x)"]
            derived += ["    return self.cell(carry, x)"]
        case "abstract":
            unknown = ["def size(self):", "    raise NotImplementedError", ""]
            module_class(w, base, [], [*unknown, *setup, *call("self.size()")])
            derived = ["def size(self):", f"    return {value}"]
        case "class_cell":
            made = carry_call(w, "self.kind", w.key(), "(x.shape[0],)", str(value))
            body = [f"kind = {cls}", "", f"@{w.nn('compact')}", "def __call__(self, x):"]
            body += [f"    carry = {made}", f"    return self.kind({arguments})(carry, x)"]
            module_class(w, base, [], body)
            derived = [f"kind = {w.cell(w.dense())}"]
        case _:
            made = carry_call(w, cls, w.key(), "(batch,)", "width")
            start = ["@staticmethod", "def start(batch, width):", f"    return {made}", ""]
            body = ["def __call__(self, x):"]
            body += ["    return self.cell(self.start(x.shape[0], self.width), x)"]
            module_class(w, base, [f"width: int = {value}"], [*setup, *start, *body])
            derived = ["width: int = 9"]
    module_class(w, name, [], derived, base=base)
    for cls_ in (base, name) if way != "abstract" else (name,):
        w.probe.append(
            f'found["{cls_}"] = {cls_}({given})'
            f".init_with_output({w.key()}, data({w.batch}, {w.width}))"
        )


def compact_methods(w: Writer) -> None:
    """``nn.compact`` on another method, ``nn.nowrap``, helpers that build the cells."""
    kind, value = w.dense(), w.hidden()
    name, cls = w.fresh("Methods"), w.cell(kind)
    cell = f"{cls}({cell_arguments(w)})"
    made = carry_call(w, cls, w.key(), "(batch,)", "self.width")
    way = w.one("step", "nowrap", "helper", "helper_twice", "helper_carry", "remat", "jit", "param")
    w.tag(f"compact:{way}")
    compact = f"@{w.nn('compact')}"
    start = ["def start(self, batch):", f"    return {made}", ""]
    match way:
        case "step" | "nowrap":
            if way == "nowrap":
                start.insert(0, f"@{w.nn('nowrap')}")
            lines = [
                *start,
                compact,
                "def step(self, carry, x):",
                f"    return {cell}(carry, x)",
                "",
            ]
            lines += ["def __call__(self, x):", "    carry = self.start(x.shape[0])"]
            lines += ["    carry, _ = self.step(carry, x)", "    return carry"]
        case "helper" | "helper_twice":
            helper = w.fresh("run")
            own = carry_call(w, cls, w.key(), "(x.shape[0],)", "n")
            w.block(f"def {helper}(x, n):", f"    carry = {own}", f"    return {cell}(carry, x)")
            lines = [compact, "def __call__(self, x):", f"    a, y = {helper}(x, self.width)"]
            if way == "helper_twice":
                lines.append(f"    a, y = {helper}(y, self.width + 2)")
            after = carry_call(w, cls, w.key(), "(x.shape[0],)", "9")
            lines += [f"    carry = {after}", f"    return a, {cls}()(carry, y)"]
        case "helper_carry":
            helper = w.fresh("start")
            own = carry_call(w, cls, w.key(), "(x.shape[0],)", "module.width")
            w.block(f"def {helper}(module, x):", f"    return {own}")
            lines = [compact, "def __call__(self, x):", f"    carry = {helper}(self, x)"]
            lines += [f"    return {cell}(carry, x)"]
        case "remat" | "jit":
            own = carry_call(w, cls, w.key(), "(x.shape[0],)", "self.width")
            lines = [f"@{w.nn(way)}", compact, "def __call__(self, x):", f"    carry = {own}"]
            lines += [f"    return {cell}(carry, x)"]
        case _:
            ones = w.nn("initializers.normal(1.0)")
            lines = [compact, "def __call__(self, x):"]
            lines += [f'    start = self.param("start", {ones}, (1, self.width))']
            shape = "(x.shape[0], self.width)"
            lines += [f"    start = jnp.broadcast_to(start, {shape})"]
            carry = "start" if kind == "GRUCell" else w.one("(start, start)", "(start, 2 * start)")
            lines += [f"    return {cell}({carry}, x)"]
    module_class(w, name, [f"width: int = {value}"], lines)
    w.probe.append(
        f'found["{name}"] = {name}().init_with_output({w.key()}, data({w.batch}, {w.width}))'
    )
