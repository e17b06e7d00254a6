"""Several cells of several sizes: loops over sizes, kinds and names, chains, reshaped carries."""

from __future__ import annotations

from pieces import carry_call, cell_arguments, module_class
from writer import PAIRS, Writer, indented


def _module(w: Writer, name: str, fields: list[str], lines: list[str], *shape: int) -> None:
    module_class(w, name, fields, lines)
    w.probe.append(
        f'found["{name}"] = {name}().init_with_output({w.key()}, data(*{shape or (3, 5)}))'
    )


def sizes(w: Writer) -> None:
    """One cell for each of several sizes."""
    kind, value = w.dense(), w.hidden()
    name, cls = w.fresh("Sizes"), w.cell(kind)
    made = f"{cls}({cell_arguments(w)})"
    ways = ["compact", "named", "setup zip", "setup index", "carries", "by name", "pairs"]
    way = w.one(*ways, "reduce", "nested", "twice", "tuple", "method")
    w.tag(f"sizes:{way}")
    batch = "(x.shape[0],)"
    receiver = w.one(cls, cls, "cell")
    call = carry_call(w, receiver, w.key(), batch, "n", drawn=False)
    field = f"sizes: Any = ({value}, {value + 3})"
    compact = [f"@{w.nn('compact')}", "def __call__(self, x):"]
    build = ["def setup(self):", f"    self.cells = [{made} for n in self.sizes]", ""]
    match way:
        case "compact":
            body = ["for n in self.sizes:", f"    cell = {made}", f"    carry = {call}"]
            lines = [*compact, *indented([*body, "    carry, x = cell(carry, x)", "return x"])]
        case "named":
            named = f'{cls}(name=f"layer_{{i}}")'
            body = ["for i, n in enumerate(self.sizes):", f"    cell = {named}"]
            body += [f"    carry = {call}", "    _, x = cell(carry, x)", "return x"]
            lines = [*compact, *indented(body)]
        case "setup zip":
            body = ["for cell, n in zip(self.cells, self.sizes):", f"    carry = {call}"]
            body += ["    carry, x = cell(carry, x)", "return x"]
            lines = [*build, "def __call__(self, x):", *indented(body)]
        case "setup index":
            call = carry_call(w, cls, w.key(), batch, "self.sizes[i]", drawn=False)
            body = ["for i, cell in enumerate(self.cells):", f"    carry = {call}"]
            body += ["    carry, x = cell(carry, x)", "return x"]
            lines = [*build, "def __call__(self, x):", *indented(body)]
        case "carries" | "twice":
            call = carry_call(w, cls, w.key(), "(batch,)", "n", drawn=False)
            start = ["def start(self, batch):", f"    return [{call} for n in self.sizes]", ""]
            body = ["new = []", "for cell, carry in zip(self.cells, self.start(x.shape[0])):"]
            body += ["    carry, x = cell(carry, x)", "    new.append(carry)", "return new, x"]
            if way == "twice":
                body.insert(2, "    carry, _ = cell(carry, x)")
            lines = [*build, *start, "def __call__(self, x):", *indented(body)]
        case "by name":
            field = f'sizes: Any = dataclasses.field(default_factory=lambda: {{"a": {value}}})'
            w.need("import dataclasses")
            build = ["def setup(self):", f"    self.cells = {{k: {made} for k in self.sizes}}"]
            body = ["for k, n in self.sizes.items():", "    cell = self.cells[k]"]
            body += [f"    carry = {call}", "    carry, x = cell(carry, x)", "return x"]
            lines = [*build, "", "def __call__(self, x):", *indented(body)]
        case "pairs":
            other = w.cell(w.dense())
            table = f"(({cls}, {value}), ({other}, {value + 2}))"
            call = carry_call(w, "kind", w.key(), batch, "n", drawn=False)
            body = [f"for kind, n in {table}:", f"    carry = {call}"]
            body += ["    carry, x = kind()(carry, x)", "return x"]
            lines = [*compact, *indented(body)]
        case "reduce":
            w.need("import functools")
            call = carry_call(w, cls, w.key(), batch, "n", drawn=False)
            body = ["def layer(x, n):", f"    return {made}({call}, x)[1]", ""]
            lines = [*compact, *indented([*body, "return functools.reduce(layer, self.sizes, x)"])]
        case "nested":
            body = ["for n in self.sizes:", "    for _ in range(2):", f"        cell = {made}"]
            body += [f"        carry = {call}", "        carry, x = cell(carry, x)", "return x"]
            lines = [*compact, *indented(body)]
        case "tuple":
            made_2 = f"{cls}()"
            build = ["def setup(self):", f"    self.cells = ({made}, {made_2})", ""]
            one = carry_call(w, cls, w.key(), batch, str(value), drawn=False)
            two = carry_call(w, cls, w.key(), batch, str(value + 1), drawn=False)
            body = ["one, two = self.cells", f"_, x = one({one}, x)", f"return two({two}, x)"]
            lines = [*build, "def __call__(self, x):", *indented(body)]
        case _:
            call = carry_call(w, cls, w.key(), batch, "n", drawn=False)
            lines = [
                "def layer(self, x, n):",
                f"    carry = {call}",
                f"    return {made}(carry, x)",
            ]
            lines += ["", *compact, "    for n in self.sizes:", "        _, x = self.layer(x, n)"]
            lines += ["    return x"]
    _module(w, name, [field], lines, w.batch, w.width)


def layers_of_sizes(w: Writer) -> None:
    """``nn.RNN`` in a loop or a comprehension over sizes, kinds or both."""
    kind, value = w.dense(), w.hidden()
    name, cls, rnn = w.fresh("Layers"), w.cell(kind), w.nn("RNN")
    made = f"{cls}({cell_arguments(w)})"
    way = w.one("loop", "sequential", "kinds", "both", "setup", "bidirectional", "named", "while")
    w.tag(f"layers_of_sizes:{way}")
    size = w.one("n", "cell_size=n")
    compact = [f"@{w.nn('compact')}", "def __call__(self, x):"]
    match way:
        case "loop":
            body = ["for n in self.sizes:", f"    x = {rnn}({made}, {size})(x)", "return x"]
        case "sequential":
            body = [f"return {w.nn('Sequential')}([{rnn}({made}, {size}) for n in self.sizes])(x)"]
        case "kinds":
            body = [f"for kind in ({cls}, {w.cell(w.dense())}):"]
            body += [f"    x = {rnn}(kind(), self.sizes[0])(x)", "return x"]
        case "both":
            body = [f"for kind, n in zip(({cls}, {w.cell(w.dense())}), self.sizes):"]
            body += [f"    x = {rnn}(kind(), {size})(x)", "return x"]
        case "setup":
            compact = ["def setup(self):"]
            compact += [f"    self.layers = [{rnn}({made}, {size}) for n in self.sizes]", ""]
            compact += ["def __call__(self, x):"]
            body = ["for layer in self.layers:", "    x = layer(x)", "return x"]
        case "bidirectional":
            both = w.nn("Bidirectional")
            body = ["for n in self.sizes:", f"    ahead = {rnn}({made}, {size})"]
            body += [f"    x = {both}(ahead, {rnn}({cls}(), {size}))(x)", "return x"]
        case "named":
            body = ["for i, n in enumerate(self.sizes):"]
            body += [f'    x = {rnn}({made}, {size}, name=f"layer_{{i}}")(x)', "return x"]
        case _:
            body = ["left = list(self.sizes)", "while left:", "    n = left.pop()"]
            body += [f"    x = {rnn}({made}, {size})(x)", "return x"]
    shape = (w.batch, w.time, w.width)
    field = f"sizes: Any = ({value}, {value + 3})"
    _module(w, name, [field], [*compact, *indented(body)], *shape)


def reshaped(w: Writer) -> None:
    """A carry of all layers at once, which is cut into those of each layer."""
    kind, value = w.dense(), w.hidden()
    name, cls = w.fresh("Reshaped"), w.cell(kind)
    way = w.one("reshape", "split", "half", "axis")
    w.tag(f"reshaped:{way}")
    made, key = f"{cls}({cell_arguments(w)})", w.key()
    over = "jax.tree_util.tree_map"
    match way:
        case "reshape":
            call = carry_call(w, cls, key, "(x.shape[0],)", "2 * self.n", drawn=False)
            cut = "lambda a: a.reshape(x.shape[0], 2, -1)"
            parts = [f"{over}(lambda a: a[:, {i}], both)" for i in range(2)]
        case "split":
            call = carry_call(w, cls, key, "(x.shape[0],)", "self.n * 2", drawn=False)
            cut = "lambda a: a"
            parts = [f"{over}(lambda a: jnp.split(a, 2, axis=-1)[{i}], both)" for i in range(2)]
        case "half":
            call = carry_call(w, cls, key, "(x.shape[0],)", "self.n + 1", drawn=False)
            cut = "lambda a: a"
            parts = [f"{over}(lambda a: a[:, : {w.one('self.n', '4')}], both)", "both"]
        case _:
            call = carry_call(w, cls, key, "(2, x.shape[0])", "self.n", drawn=False)
            cut = "lambda a: a"
            parts = [f"{over}(lambda a: a[{i}], both)" for i in range(2)]
    body = [f"both = {call}", f"both = {over}({cut}, both)"]
    body += [f"one, y = {made}({parts[0]}, x)", f"two, y = {cls}()({parts[1]}, y)"]
    lines = [f"@{w.nn('compact')}", "def __call__(self, x):", *indented(body)]
    _module(w, name, [f"n: int = {value}"], [*lines, "    return one, two, y"], w.batch, w.width)


def chain(w: Writer) -> None:
    """The cell of a module within another; the outermost makes the carry."""
    kind, value = w.dense(), w.hidden()
    inner, middle, outer = w.fresh("Core"), w.fresh("Body"), w.fresh("Whole")
    cls = w.cell(kind)
    way = w.one("instance", "class", "width", "method")
    w.tag(f"chain:{way}")
    module_class(
        w,
        inner,
        [f"n: int = {value}"],
        [
            "def setup(self):",
            f"    self.cell = {cls}({cell_arguments(w)})",
            "",
            "def __call__(self, carry, x):",
            "    return self.cell(carry, x)",
        ],
    )
    lines = ["def setup(self):", f"    self.core = {inner}()", ""]
    lines += ["def __call__(self, carry, x):", "    return self.core(carry, x)"]
    module_class(w, middle, [], lines)
    receiver = cls if way == "class" else "self.body.core.cell"
    size = {"width": "self.body.core.n", "class": "self.n"}.get(way, str(value))
    call = carry_call(w, receiver, w.key(), "(batch,)", size, drawn=False)
    lines = ["def setup(self):", f"    self.body = {middle}()", ""]
    lines += ["def start(self, batch):", f"    return {call}", ""]
    lines += ["def __call__(self, x):", "    return self.body(self.start(x.shape[0]), x)"]
    if way == "method":
        lines[-1] = "    carry = self.start(x.shape[0])"
        lines += ["    carry, _ = self.body(carry, x)", "    return self.body.core.cell(carry, x)"]
    _module(w, outer, [f"n: int = {value}"], lines, w.batch, w.width)


def states(w: Writer) -> None:
    """Several carries within one record, replaced field by field."""
    kinds, value = [w.dense(), w.dense()], w.hidden()
    name, state = w.fresh("Records"), w.fresh("Memory")
    one, two = map(w.cell, kinds)
    way = w.one("struct", "node", "tuple", "dict", "nested")
    w.tag(f"states:{way}")
    calls = [
        carry_call(w, cls, w.key(), "(batch,)", size, drawn=False)
        for cls, size in ((one, "self.n"), (two, "self.n + 2"))
    ]
    replaced = "state.replace(one=a, two=b)"
    reads = ["state.one", "state.two"]
    made = f"{state}(one={calls[0]}, two={calls[1]})"
    match way:
        case "struct":
            w.need("import flax")
            w.block("@flax.struct.dataclass", f"class {state}:", "    one: Any", "    two: Any")
        case "node":
            w.need("import flax")
            w.block(f"class {state}(flax.struct.PyTreeNode):", "    one: Any", "    two: Any")
        case "tuple":
            w.need("from typing import NamedTuple")
            w.block(f"class {state}(NamedTuple):", "    one: Any", "    two: Any")
            replaced = "state._replace(one=a, two=b)"
        case "dict":
            reads = ['state["one"]', 'state["two"]']
            replaced = "dict(one=a, two=b)"
            made = f'{{"one": {calls[0]}, "two": {calls[1]}}}'
        case _:
            reads = ["state[0][0]", "state[1]"]
            replaced = "((a, 1), b)"
            made = f"(({calls[0]}, 0), {calls[1]})"
    step = [f"a, y = {one}({cell_arguments(w)})({reads[0]}, x)"]
    step += [f"b, y = {two}()({reads[1]}, y)", f"state = {replaced}"]
    lines = ["def start(self, batch):", f"    return {made}", ""]
    lines += [f"@{w.nn('compact')}", "def __call__(self, x):", "    state = self.start(x.shape[0])"]
    lines += [*indented(step), "    return y, state"]
    if kinds[0] in PAIRS and w.maybe():
        lines[-1] = f"    return y, state, {reads[0]}[1]"
    _module(w, name, [f"n: int = {value}"], lines, w.batch, w.width)
