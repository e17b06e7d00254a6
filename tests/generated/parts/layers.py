"""``nn.RNN`` and ``nn.Bidirectional``."""

from __future__ import annotations

from pieces import carry_call, cell_arguments, initializer, module_class, size_in_module
from writer import Writer, indented


def _layer(w: Writer, cell: str, size: str, more: str = "") -> str:
    parts = w.one(
        [cell, size],
        [cell, size],
        [cell, f"cell_size={size}"],
        [f"cell={cell}", f"cell_size={size}"],
        [f"cell_size={size}", f"cell={cell}"],
    )
    extra = w.one([], [], ["return_carry=True"], ["reverse=True", "keep_order=True"], ["unroll=2"])
    if "return_carry=True" in extra:
        extra = []
    if more:
        extra.append(more)
    if extra and w.maybe():
        extra.reverse()
    return f"{w.nn('RNN')}({', '.join([*parts, *extra])})"


def rnn(w: Writer) -> None:
    """One layer, in a compact method, in setup, in a list, in a loop, or twice over one cell."""
    kind, value = w.dense(), w.hidden()
    name = w.fresh("Layered")
    way = w.one(
        "compact", "compact", "setup", "variable", "loop", "list", "shared", "class", "field"
    )
    w.tag(f"rnn:{way}")
    size = size_in_module(w, value, local=way not in ("setup", "list"))
    cls = w.cell(kind)
    arguments = cell_arguments(w)
    cell, fields, given = f"{cls}({arguments})", list(size.fields), list(size.given)
    body, methods = list(size.before), []
    match way:
        case "compact":
            body.append(f"return {_layer(w, cell, size.text)}(xs)")
        case "setup":
            methods = ["def setup(self):", f"    self.layer = {_layer(w, cell, size.text)}", ""]
            if w.maybe():
                methods[1:2] = [
                    f"    cell = {cell}",
                    f"    self.layer = {_layer(w, 'cell', size.text)}",
                ]
            body.append("return self.layer(xs)")
        case "variable":
            body += [
                f"cell = {cell}",
                f"layer = {_layer(w, 'cell', size.text)}",
                "return layer(xs)",
            ]
        case "loop":
            body += [
                "for i in range(2):",
                f"    xs = {_layer(w, cell, size.text)}(xs)",
                "return xs",
            ]
        case "list":
            fields, given = ["sizes: Any"], [f"sizes=({value}, {value + 3})"]
            methods = ["def setup(self):"]
            methods += [f"    self.layers = [{_layer(w, cell, 'n')} for n in self.sizes]", ""]
            body += ["for layer in self.layers:", "    xs = layer(xs)", "return xs"]
        case "shared":
            body += [
                f"cell = {cell}",
                f"a = {_layer(w, 'cell', size.text)}(xs)",
                f"b = {_layer(w, 'cell', size.text)}(xs)",
                "return a, b",
            ]
        case "class":
            body += [f"Cell = {cls}", f"return {_layer(w, f'Cell({arguments})', size.text)}(xs)"]
        case _:
            fields.append(f"cell_class: Any = {cls}")
            layer = _layer(w, f"self.cell_class({arguments})", size.text)
            body.append(f"return {layer}(xs)")
    call = ["def __call__(self, xs):", *indented(body)]
    if not methods:
        call.insert(0, f"@{w.nn('compact')}")
    module_class(w, name, fields, [*size.methods, *methods, *call])
    w.probe.append(
        f'found["{name}"] = {name}({", ".join(given)})'
        f".init_with_output({w.key()}, data({w.batch}, {w.time}, {w.width}))"
    )


def script_layer(w: Writer) -> None:
    """A layer outside of a module."""
    kind, value = w.dense(), w.hidden()
    name = w.fresh("layer")
    cell = f"{w.cell(kind)}({cell_arguments(w)})"
    call = w.one("", ", return_carry=True", ", reverse=True", ", init_key=jax.random.PRNGKey(2)")
    if w.maybe():
        constant = w.fresh("WIDTH")
        w.block(f"{constant} = {value}")
        size = constant
    else:
        size = str(value)
    layer = _layer(w, cell, size)
    if w.maybe():
        more = _layer(w, f"{w.cell(w.dense())}()", str(w.hidden()))
        layer = f"{w.nn('Sequential')}([{layer}, {w.nn('Dense')}(4), {more}])"
        call = ""
    w.probe += [
        f"{name} = {layer}",
        f"xs = data({w.batch}, {w.time}, {w.width})",
        f'found["{name}"] = {name}.init_with_output({w.key()}, xs{call})',
    ]


def bidirectional(w: Writer) -> None:
    """Two layers and ``Bidirectional`` over them."""
    name = w.fresh("Both")
    values = (w.hidden(), w.hidden())
    sizes = [size_in_module(w, value, local=False) for value in values]
    kinds = [w.dense(), w.dense()]
    layers = [
        _layer(w, f"{w.cell(kind)}({cell_arguments(w)})", size.text)
        for kind, size in zip(kinds, sizes, strict=True)
    ]
    match w.one("at once", "variables", "setup"):
        case "at once":
            methods = [f"@{w.nn('compact')}", "def __call__(self, xs):"]
            methods.append(f"    return {w.nn('Bidirectional')}({', '.join(layers)})(xs)")
        case "variables":
            methods = [f"@{w.nn('compact')}", "def __call__(self, xs):"]
            methods += [f"    forward = {layers[0]}", f"    backward = {layers[1]}"]
            methods.append(
                f"    return {w.nn('Bidirectional')}(forward, backward_rnn=backward)(xs)"
            )
        case _:
            methods = ["def setup(self):", f"    self.ahead = {layers[0]}"]
            methods += [f"    self.back = {layers[1]}"]
            methods += [f"    self.both = {w.nn('Bidirectional')}(self.ahead, self.back)", ""]
            methods += ["def __call__(self, xs):", "    return self.both(xs)"]
    fields = [field for size in sizes for field in size.fields]
    given = ", ".join(argument for size in sizes for argument in size.given)
    extra = [line for size in sizes for line in size.methods]
    module_class(w, name, fields, [*extra, *methods])
    w.probe.append(
        f'found["{name}"] = {name}({given})'
        f".init_with_output({w.key()}, data({w.batch}, {w.time}, {w.width}))"
    )


def script(w: Writer) -> None:
    """Cells outside of a module: init, apply, throw-away instances, a plain loop."""
    kind, value = w.dense(), w.hidden()
    name, cls, key = w.fresh("run"), w.cell(kind), w.key()
    arguments = cell_arguments(w)
    batch = f"({w.batch},)"
    way = w.one("instance", "throw_away", "class", "function", "init_fn", "partial", "module")
    w.tag(f"script:{way}")
    lines = [f"x = data({w.batch}, {w.width})"]
    match way:
        case "instance":
            lines += [f"cell = {cls}({arguments})"]
            lines += [f"carry = {carry_call(w, 'cell', key, batch, str(value))}"]
            lines += [f"variables = cell.init({key}, carry, x)"]
            lines += ["out = cell.apply(variables, carry, x)"]
        case "throw_away":
            lines += [f"carry = {carry_call(w, cls, key, batch, str(value))}"]
            lines += [f"variables = {cls}().init({key}, carry, x)"]
            lines += [f"out = {cls}({arguments}).apply(variables, carry, x)"]
        case "class":
            lines += [f"Cell = {cls}", f"carry = {carry_call(w, 'Cell', key, batch, str(value))}"]
            lines += [f"out, variables = Cell({arguments}).init_with_output({key}, carry, x)"]
        case "function":
            made = carry_call(w, "cell", "key", "x.shape[:1]", "hidden")
            w.block(
                f"def {name}(x, hidden, key):",
                f"    cell = {cls}({arguments})",
                f"    carry = {made}",
                "    variables = cell.init(key, carry, x)",
                "    return cell.apply(variables, carry, x), variables",
            )
            lines += [f"out, variables = {name}(x, {value}, {key})"]
        case "partial":
            w.need("import functools")
            maker = w.fresh("make")
            w.block(f"{maker} = functools.partial({cls}, gate_fn={w.nn('hard_sigmoid')})")
            lines += [f"carry = {carry_call(w, cls, key, batch, str(value))}"]
            lines += [f"out, variables = {maker}().init_with_output({key}, carry, x)"]
        case "module":
            shared = w.fresh("CELL")
            w.block(f"{shared} = {cls}({arguments})")
            lines += [f"carry = {carry_call(w, w.one(shared, cls), key, batch, str(value))}"]
            lines += [f"out, variables = {shared}.init_with_output({key}, carry, x)"]
        case _:
            init = initializer(w)
            lines += [f"cell = {cls}({arguments})"]
            lines += [f"carry = cell.initialize_carry({key}, {batch}, {value}, {init})"]
            lines += [f"out, variables = cell.init_with_output({key}, carry, x)"]
    w.probe += lines
    w.probe.append(
        f'found["{name}"] = carry, out, variables'
        if way != "function"
        else f'found["{name}"] = out, variables'
    )
