"""A subclass, in the same file or in another, that replaces a part of what sizes a cell."""

from __future__ import annotations

from pieces import carry_call, cell_arguments, module_class
from writer import PAIRS, Writer, indented


def inherited(w: Writer) -> None:
    """A base that builds the cell and creates its carry, and one or two classes below it."""
    kind, value = w.dense(), w.hidden()
    cls, base, child = w.cell(kind), w.fresh("Reader"), w.fresh("Heir")
    size = w.one("self.hidden", "self.width", str(value))
    call = carry_call(w, w.one(cls, "self.cell"), w.key(), "(batch,)", size)
    lines = ["def setup(self):", f"    self.width = {value}"]
    lines += [f"    self.cell = {cls}({cell_arguments(w)})", ""]
    lines += ["def start(self, batch):", f"    return {call}", ""]
    lines += ["def __call__(self, x):", "    return self.cell(self.start(x.shape[0]), x)"]
    module_class(w, base, [f"hidden: int = {value}"], lines)
    if w.maybe():
        middle = w.fresh("Middle")
        w.block(f"class {middle}({base}):", "    label: str = 'middle'")
        w.probe.append(f"{middle}")
        base = middle
    other = w.one(size, size, str(value), str(value + 3), f"{size} + 1", "2 * self.hidden")
    way = w.one("method", "filled", "mixin", "applied", "stored", "field", "super", "own", "more")
    w.tag(f"inherited:{way}")
    zeros = f"jnp.zeros((batch, {other}))"
    filled = f"({zeros}, {zeros})" if kind in PAIRS else zeros
    above, run = base, "__call__"
    match way:
        case "method":
            made = carry_call(w, w.one(cls, "self.cell"), w.key(), "(batch,)", other)
            body = ["def start(self, batch):", f"    return {made}"]
        case "filled":
            body = ["def start(self, batch):", f"    return {filled}"]
        case "mixin":
            mixin = w.fresh("Starts")
            w.block(f"class {mixin}:", "    def start(self, batch):", f"        return {filled}")
            above, body = f"{mixin}, {base}", ["pass"]
        case "applied":
            body = ["def again(self, x):", "    batch = x.shape[0]"]
            body += [f"    return self.cell({filled}, x)"]
            run = "again"
        case "stored":
            body = ["def setup(self):", "    super().setup()", f"    self.width = {value + 2}"]
        case "field":
            body = [f"hidden: int = {value + 1}"]
        case "super":
            body = ["def start(self, batch):", "    return super().start(batch)"]
        case "own":
            made = carry_call(w, cls, w.key(), "(batch,)", str(value + 4))
            body = ["def setup(self):", f"    self.cell = {cls}()", ""]
            body += ["def start(self, batch):", f"    return {made}"]
        case _:
            body = ["def twice(self, x):", "    return self(2 * x)"]
            run = "twice"
    w.block(f"class {child}({above}):", *indented(body))
    x = f"data({w.batch}, {w.width})"
    for name, method in ((base, "__call__"), (child, run)):
        given = f"{w.key()}, {x}, method={name}.{method}"
        w.probe.append(f'found["{name}"] = {name}().init_with_output({given})')
