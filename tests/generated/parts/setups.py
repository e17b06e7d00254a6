"""Cells built in ``setup``: the carry is made in another method, another class or by the caller."""

from __future__ import annotations

from pieces import carry_call, cell_arguments, module_class, name_argument, size_in_module
from writer import PAIRS, Writer, indented

from parts.steps import starter


def setup(w: Writer) -> None:
    """One or two cells in ``setup``."""
    kind, value = w.dense(), w.hidden()
    name, size = w.fresh("Agent"), size_in_module(w, value, local=False)
    cls, cell = w.cell(kind), w.one("cell", "rnn", "core", "features")
    cell_text = f"self.{cell} = {cls}({cell_arguments(w, name_argument(w))})"
    start = w.fresh("initial")
    way = w.one("method", "method", "instance", "instance", "static", "called", "helper", "alias")
    w.tag(f"setup:{way}")
    methods = ["def setup(self):", "    " + cell_text]
    if w.maybe():
        second = w.dense()
        w.tag("setup:two")
        methods.append(f"    self.other = {w.cell(second)}()")
        other = carry_call(w, w.cell(second), w.key(), f"({w.batch},)", "7")
        use_other = [f"_, z = self.other({other}, x)"]
    else:
        use_other = ["z = 0"]
    key, batch = w.key(), w.one("(batch,)", "(batch, )", "(batch,) + ()")
    body = [f"carry, y = self.{cell}(carry, x)", *use_other, "return carry, y + jnp.sum(z)"]
    match way:
        case "method":
            call = carry_call(w, cls, key, batch, size.text)
            methods += ["", f"def {start}(self, batch):", f"    return {call}"]
            begin = f"model.{start}({w.batch})"
        case "instance" | "called":
            call = carry_call(w, f"self.{cell}", key, batch, size.text)
            methods += ["", f"def {start}(self, batch):", f"    return {call}"]
            begin = ""
            body.insert(0, f"carry = self.{start}(x.shape[0])")
        case "static":
            call = carry_call(w, cls, "key", "(batch,)", "hidden")
            methods += [
                "",
                "@staticmethod",
                f"def {start}(key, batch, hidden):",
                f"    return {call}",
            ]
            begin = f"{name}.{start}({key}, {w.batch}, {value})"
            if w.maybe(often=True):
                begin = ""
                body.insert(0, f"carry = self.{start}({key}, x.shape[0], {size.text})")
        case "alias":
            call = carry_call(w, "rnn_cell", key, "(x.shape[0],)", "n")
            body = [f"rnn_cell, n = self.{cell}, {size.text}", f"carry = {call}", *body]
            begin = ""
        case _:
            begin = starter(w, kind, (w.batch,), value)
    arguments = "self, carry, x" if begin else "self, x"
    methods += ["", f"def __call__({arguments}):", *indented(body)]
    module_class(w, name, size.fields, [*size.methods, *methods])
    w.probe.append(f"model = {name}({', '.join(size.given)})")
    w.probe.append(f"x = data({w.batch}, {w.width})")
    if begin:
        w.probe.append(f"carry = {begin}")
    given = "carry, x" if begin else "x"
    w.probe.append(f'found["{name}"] = model.init_with_output({w.key()}, {given})')
    if begin:
        w.probe.append(f'found["{name} carry"] = carry')


def stack(w: Writer) -> None:
    """A list of cells and a list of carries."""
    kind, value = w.dense(), w.hidden()
    name, size = w.fresh("Stack"), size_in_module(w, value, local=False)
    cls, count = w.cell(kind), 2
    arguments = cell_arguments(w)
    way = w.one("list", "append", "named", "sizes", "dict", "attributes")
    w.tag(f"stack:{way}")
    fields, given, sizes = list(size.fields), list(size.given), [size.text] * count
    setup = []
    match way:
        case "list":
            setup.append(f"self.cells = [{cls}({arguments}) for _ in range({count})]")
        case "append":
            setup += ["cells = []", f"for i in range({count}):"]
            setup += [f"    cells.append({cls}({arguments}))", "self.cells = cells"]
        case "named":
            setup.append(f'self.cells = [{cls}(name=f"layer_{{i}}") for i in range({count})]')
        case "sizes":
            fields, given = ["widths: Any"], [f"widths=({value}, {value + 2})"]
            setup.append(f"self.cells = [{cls}({arguments}) for _ in self.widths]")
            sizes = ["self.widths[0]", "self.widths[1]"]
        case "dict":
            setup.append(f'self.cells = {{"0": {cls}({arguments}), "1": {cls}()}}')
        case _:
            setup += [f"self.cell_0 = {cls}({arguments})", f"self.cell_1 = {cls}()"]
    key = w.key()
    if way == "attributes":
        cells = ["self.cell_0", "self.cell_1"]
    elif way == "dict":
        cells = ['self.cells["0"]', 'self.cells["1"]']
    else:
        cells = ["self.cells[0]", "self.cells[1]"]
    match w.one("each", "comprehension", "instances", "times", "zip"):
        case "comprehension" if way != "sizes":
            call = carry_call(w, cls, key, "(batch,)", size.text)
            carries = f"[{call} for _ in range({count})]"
        case "comprehension" | "zip" if way == "sizes":
            call = carry_call(w, cls, key, "(batch,)", "n")
            carries = f"[{call} for n in self.widths]"
        case "instances":
            calls = [
                carry_call(w, cell, key, "(batch,)", n)
                for cell, n in zip(cells, sizes, strict=True)
            ]
            carries = f"[{', '.join(calls)}]"
        case "times" if way != "sizes":
            carries = f"[{carry_call(w, cls, key, '(batch,)', size.text)}] * {count}"
        case _:
            calls = [carry_call(w, cls, key, "(batch,)", n) for n in sizes]
            carries = f"[{', '.join(calls)}]"
    body = [f"carries = {carries.replace('batch', 'x.shape[0]', 0)}"]
    methods = ["def setup(self):", *indented(setup), ""]
    if "self.cell" in carries or w.maybe():
        body = ["carries = self.initial(x.shape[0])"]
        methods += ["def initial(self, batch):", f"    return {carries}", ""]
    else:
        body = ["batch = x.shape[0]", *body]
    if way in ("dict", "attributes"):
        body += ["y = x", "states = []"]
        for index, cell in enumerate(cells):
            body += [f"state, y = {cell}(carries[{index}], y)", "states.append(state)"]
    else:
        body += ["y = x", "states = []"]
        body += w.one(
            ["for cell, state in zip(self.cells, carries):", "    state, y = cell(state, y)"],
            ["for i, cell in enumerate(self.cells):", "    state, y = cell(carries[i], y)"],
        )
        body.append("    states.append(state)")
    body.append("return states, y")
    methods += ["def __call__(self, x):", *indented(body)]
    module_class(w, name, fields, [*size.methods, *methods])
    shape = f"{w.batch}, {w.width}"
    w.probe.append(
        f'found["{name}"] = {name}({", ".join(given)}).init_with_output({w.key()}, data({shape}))'
    )


def base_class(w: Writer) -> None:
    """The cell in one class, the carry in its base or its child."""
    kind, value = w.dense(), w.hidden()
    base, child = w.fresh("Base"), w.fresh("Child")
    size = size_in_module(w, value, local=False)
    cls = w.cell(kind)
    call = carry_call(w, w.one(cls, "self.cell"), w.key(), "(batch,)", size.text)
    start = ["def initial(self, batch):", f"    return {call}"]
    build = ["def setup(self):", f"    self.cell = {cls}({cell_arguments(w)})"]
    run = [
        "def __call__(self, x):",
        "    carry = self.initial(x.shape[0])",
        "    return self.cell(carry, x)",
    ]
    if w.maybe():
        module_class(w, base, size.fields, [*size.methods, *start])
        module_class(w, child, [], [*build, "", *run], base=base)
    else:
        module_class(w, base, size.fields, [*size.methods, *build, "", *run])
        module_class(w, child, [], start, base=base)
    given = list(size.given)
    if size.fields and ": int" in size.fields[0] and w.maybe():
        w.tag("base:overridden")
        attr = size.fields[0].split(":")[0]
        grandchild = w.fresh("Grandchild")
        module_class(w, grandchild, [f"{attr}: int = 12"], ["extra = 1"], base=child)
        child, given = grandchild, []
    w.probe.append(
        f'found["{child}"] = {child}({", ".join(given)})'
        f".init_with_output({w.key()}, data({w.batch}, {w.width}))"
    )


def zeros_of_caller(w: Writer) -> None:
    """The carry is data: zeros or an augmented tuple, made by the module's own method."""
    kind, value = w.dense(), w.hidden()
    name, cls = w.fresh("Agent"), w.cell(kind)
    size = size_in_module(w, value, local=False)
    zeros = f"jnp.zeros((batch, {size.text}))"
    state = f"({zeros}, {zeros})" if kind in PAIRS else zeros
    way = w.one("plain", "augmented", "flat", "attribute")
    w.tag(f"zeros:{way}")
    methods = ["def initial(self, batch):"]
    call = f"{cls}({cell_arguments(w)})"
    match way:
        case "augmented":
            methods.append(f"    return {state}, 0")
            body = [
                "state, step = carry",
                f"state, y = {call}(state, x)",
                "carry = state, step + 1",
            ]
        case "flat" if kind in PAIRS:
            methods.append(f"    return jnp.zeros((batch, 2 * ({size.text})))")
            body = [
                "c, h = jnp.split(carry, 2, axis=-1)",
                f"(c, h), y = {call}((c, h), x)",
                "carry = jnp.concatenate([c, h], axis=-1)",
            ]
        case "attribute":
            methods.append(f"    return {{'rnn': {state}}}")
            body = [f"state, y = {call}(carry['rnn'], x)", "carry = {'rnn': state}"]
        case _:
            methods.append(f"    return {state}")
            body = [f"carry, y = {call}(carry, x)"]
    methods += ["", f"@{w.nn('compact')}", "def __call__(self, carry, x):"]
    methods += indented([*body, "return carry, y"])
    module_class(w, name, size.fields, [*size.methods, *methods])
    w.probe += [
        f"model = {name}({', '.join(size.given)})",
        f"carry = model.initial({w.batch})",
        f'found["{name}"] = model.init_with_output({w.key()}, carry, data({w.batch}, {w.width}))',
    ]
