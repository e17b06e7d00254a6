"""Convolutional cells, and cells that users write themselves."""

from __future__ import annotations

from dataclasses import dataclass

from pieces import carry_call, cell_arguments, module_class
from writer import Writer, indented


def conv(w: Writer) -> None:
    """A ConvLSTM cell and its carry of ``(*spatial, features)``."""
    name, features = w.fresh("Frames"), 2
    cls = w.cell("ConvLSTMCell")
    kernel = w.one("(3, 3)", "(3, 3)", "[3, 3]", "(2, 2)")
    given = w.one(
        f"{features}, {kernel}",
        f"features={features}, kernel_size={kernel}",
        f"{features}, kernel_size={kernel}",
    )
    way = w.one("compact", "helper", "layer", "layer_parameter", "setup", "image", "parameter")
    w.tag(f"conv:{way}")
    frames = "x" if "layer" not in way else "xs"
    fields: list[str] = []
    arguments = ""
    key = w.key()
    starts = ""
    methods: list[str] = [f"@{w.nn('compact')}", f"def __call__(self, {frames}):"]
    match way:
        case "compact":
            size = w.one(
                f"(4, 3, {features})", f"(4, 3) + ({features},)", f"x.shape[1:-1] + ({features},)"
            )
            batch = w.one("(x.shape[0],)", "x.shape[:1]", "(3,)")
            made = carry_call(w, cls, key, batch, size)
            body = [f"carry = {made}", f"return {cls}({given})(carry, x)"]
            if w.maybe():
                body = [f"cell = {cls}({given})", f"carry = {made}", "return cell(carry, x)"]
        case "image":
            fields, arguments = ["image: Any"], "image=(4, 3)"
            made = carry_call(w, cls, key, "(x.shape[0],)", f"(*self.image, {features})")
            body = [f"carry = {made}", f"carry, y = {cls}({given})(carry, x)", "return carry, y"]
        case "helper" | "parameter":
            helper = w.fresh("blank")
            size = f"(*image, {features})" if way == "helper" else "size"
            made = carry_call(w, cls, key, "(batch,)", size)
            last = "image" if way == "helper" else "size"
            w.block(f"def {helper}(batch, {last}):", f"    return {made}")
            methods[1] = "def __call__(self, carry, x):"
            body = [f"return {cls}({given})(carry, x)"]
            starts = f"{helper}({w.batch}, {(4, 3) if way == 'helper' else (4, 3, features)})"
        case "setup":
            methods = ["def setup(self):", f"    self.cell = {cls}({given})", ""]
            methods += ["def __call__(self, x):"]
            made = carry_call(w, w.one("self.cell", cls), key, "x.shape[:1]", f"(4, 3, {features})")
            body = [f"return self.cell({made}, x)"]
            if w.maybe():
                body = [f"carry = {made}", "return self.cell(carry, x)"]
        case "layer":
            size = f"(4, 3, {features})"
            body = [f"return {w.nn('RNN')}({cls}({given}), {w.one('', 'cell_size=')}{size})(xs)"]
        case _:
            fields, arguments = ["size: Any"], f"size=(4, 3, {features})"
            body = [f"return {w.nn('RNN')}({cls}({given}), self.size)(xs)"]
    module_class(w, name, fields, [*methods, *indented(body)])
    shape = (w.batch, *((2,) if "layer" in way else ()), 4, 3, 1)
    if starts:
        w.probe.append(f"carry = {starts}")
    given = ("carry, " if starts else "") + f"data(*{shape})"
    w.probe.append(f'found["{name}"] = {name}({arguments}).init_with_output({w.key()}, {given})')


@dataclass(frozen=True)
class OwnCell:
    """A cell class of the program, and what its constructor may be given."""

    name: str
    pair: bool
    fields: list[str]

    def arguments(self, w: Writer) -> str:
        """Arguments of its constructor."""
        return w.one("", "rate=0.4") if self.fields else ""


def own_cell(w: Writer) -> OwnCell:
    """Writes a subclass of RNNCellBase with a static carry of one array or two."""
    cell = w.fresh("LeakyCell")
    pair = w.maybe()
    fields = w.one([], ["rate: float = 0.3"], ["rate: float = 0.3", "bias: bool = True"])
    rate = "self.rate" if fields else "0.5"
    shape = w.one("(*batch_dims, size)", "batch_dims + (size,)", "tuple(batch_dims) + (size,)")
    zeros = w.nn("initializers.zeros")
    has_init = w.maybe(often=True)
    if has_init:
        head = f"def initialize_carry(rng, batch_dims, size, init_fn={zeros}):"
        one = f"init_fn(rng, {shape})"
    else:
        head = "def initialize_carry(rng, batch_dims, size):"
        one = f"jnp.zeros({shape})"
    result = f"({one}, {one})" if pair else one
    start = [head, f"    return {result}"]
    if w.maybe():
        start = [
            head,
            '    """The state at the start."""',
            f"    state = {result}",
            "    return state",
        ]
    dense = w.nn("Dense")
    step = [f"@{w.nn('compact')}", "def __call__(self, carry, x):"]
    if pair:
        step += ["    memory, carry = carry"]
    width = "carry.shape[-1]"
    step += [
        f'    new = jnp.tanh({dense}({width}, name="w")(x) + {dense}({width}, name="u")(carry))',
        f"    carry = carry + {rate} * (new - carry)",
    ]
    step.append("    return (memory + carry, carry), carry" if pair else "    return carry, carry")
    methods = [["@staticmethod", *start], step]
    if w.maybe():
        methods.reverse()
    base = w.cell("RNNCellBase")
    module_class(w, cell, fields, [*methods[0], "", *methods[1]], base=base)
    return OwnCell(cell, pair, fields)


def custom(w: Writer) -> None:
    """A subclass of RNNCellBase with a static carry of its own."""
    own, name, value = own_cell(w), w.fresh("Uses"), w.hidden()
    cell = own.name
    way = w.one("compact", "layer", "function", "setup", "scan", "script")
    w.tag(f"custom:{way}")
    arguments = own.arguments(w)
    x = f"data({w.batch}, {w.width})"
    key = w.key()
    call = carry_call(w, cell, key, "(x.shape[0],)", str(value), drawn=False)
    run = f'found["{name}"] = {name}().init_with_output({w.key()}, {x})'
    match way:
        case "compact":
            lines = [f"@{w.nn('compact')}", "def __call__(self, x):"]
            lines += [f"    carry = {call}", f"    return {cell}({arguments})(carry, x)"]
            module_class(w, name, [], lines)
        case "layer":
            lines = [f"@{w.nn('compact')}", "def __call__(self, x):"]
            lines += [f"    return {w.nn('RNN')}({cell}({arguments}), {value})(x)"]
            module_class(w, name, [], lines)
            x = f"data({w.batch}, {w.time}, {w.width})"
            run = f'found["{name}"] = {name}().init_with_output({w.key()}, {x})'
        case "setup":
            lines = ["def setup(self):", f"    self.cell = {cell}({arguments})", ""]
            call = carry_call(
                w, w.one(cell, "self.cell"), key, "(x.shape[0],)", "self.n", drawn=False
            )
            lines += [
                "def __call__(self, x):",
                f"    carry = {call}",
                "    return self.cell(carry, x)",
            ]
            module_class(w, name, [f"n: int = {value}"], lines)
        case "scan":
            lines = [f"@{w.nn('compact')}", "def __call__(self, xs):"]
            options = (
                'variable_broadcast="params", split_rngs={"params": False}, in_axes=1, out_axes=1'
            )
            lines += [f"    Scanned = {w.nn('scan')}({cell}, {options})"]
            call = carry_call(w, cell, key, "(xs.shape[0],)", str(value), drawn=False)
            lines += [f"    carry = {call}", f"    return Scanned({arguments})(carry, xs)"]
            module_class(w, name, [], lines)
            x = f"data({w.batch}, {w.time}, {w.width})"
            run = f'found["{name}"] = {name}().init_with_output({w.key()}, {x})'
        case "function":
            function = w.fresh("start")
            call = carry_call(w, cell, "key", "batch", "hidden", drawn=False)
            w.block(f"def {function}(key, batch, hidden):", f"    return {call}")
            lines = [f"@{w.nn('compact')}", "def __call__(self, carry, x):"]
            lines += [f"    return {cell}({arguments})(carry, x)"]
            module_class(w, name, [], lines)
            w.probe.append(f"carry = {function}({key}, ({w.batch},), {value})")
            run = f'found["{name}"] = carry, {name}().init_with_output({w.key()}, carry, {x})'
        case _:
            call = carry_call(w, cell, key, f"({w.batch},)", str(value), drawn=False)
            w.probe += [f"carry = {call}", f"cell = {cell}({arguments})"]
            run = f'found["{name}"] = carry, cell.init_with_output({w.key()}, carry, {x})'
    w.probe.append(run)


def inherits(w: Writer) -> None:
    """A subclass of a built-in cell that inherits its static carry."""
    kind, value = w.dense(), w.hidden()
    cell, name = w.fresh("MyCell"), w.fresh("Uses")
    fields = w.one([], [], ["scale: float = 2.0"])
    scale = "self.scale" if fields else "2.0"
    lines = [f"@{w.nn('compact')}", "def __call__(self, carry, x):"]
    lines += ["    carry, y = super().__call__(carry, x)", f"    return carry, y * {scale}"]
    if not fields and w.maybe():
        lines = ["pass"]
    if w.maybe():
        lines = ['"""A cell of our own."""', "", *lines]
    base = w.cell(kind)
    module_class(w, cell, fields, lines, base=base)
    arguments = cell_arguments(w)
    if arguments and "=" not in arguments.split(",")[0] and fields:
        arguments = ""
    call = carry_call(w, w.one(cell, base), w.key(), "(x.shape[0],)", str(value))
    way = w.one("compact", "setup", "layer", "script")
    w.tag(f"inherits:{way}")
    x = f"data({w.batch}, {w.width})"
    match way:
        case "compact":
            methods = [f"@{w.nn('compact')}", "def __call__(self, x):"]
            methods += [f"    carry = {call}", f"    return {cell}({arguments})(carry, x)"]
        case "setup":
            methods = ["def setup(self):", f"    self.cell = {cell}({arguments})", ""]
            methods += ["def __call__(self, x):", f"    carry = {call}"]
            methods += ["    return self.cell(carry, x)"]
        case "layer":
            methods = [f"@{w.nn('compact')}", "def __call__(self, x):"]
            methods += [f"    return {w.nn('RNN')}({cell}({arguments}), {value})(x)"]
            x = f"data({w.batch}, {w.time}, {w.width})"
        case _:
            call = carry_call(w, cell, w.key(), f"({w.batch},)", str(value))
            w.probe += [f"carry = {call}", f"cell = {cell}({arguments})"]
            w.probe.append(f'found["{name}"] = carry, cell.init_with_output({w.key()}, carry, {x})')
            return
    module_class(w, name, [], methods)
    w.probe.append(f'found["{name}"] = {name}().init_with_output({w.key()}, {x})')
