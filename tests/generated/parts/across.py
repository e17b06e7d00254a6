"""What only several files show: one cell used in many places, callers that know the sizes."""

from __future__ import annotations

from collections.abc import Callable

from pieces import carry_call, cell_arguments, module_class
from writer import PAIRS, Writer, indented

from parts.cells import OwnCell, own_cell

_SCAN = 'variable_broadcast="params", split_rngs={"params": False}'


def many_uses(w: Writer) -> None:
    """A cell of the program's own, used in several places, each with its own size."""
    cell = own_cell(w)
    for _ in range(w.one(2, 2, 3, 4)):
        use_of(w, cell)


def use_of(w: Writer, cell: OwnCell) -> None:
    """One use of a cell class."""
    way = w.one(*_USES)
    w.tag(f"use:{way}")
    _USES[way](w, cell, w.hidden())


def _module(
    w: Writer, name: str, fields: list[str], lines: list[str], given: str, *shape: int
) -> None:
    module_class(w, name, fields, lines)
    made = f"{name}({given}).init_with_output({w.key()}, data(*{shape}))"
    w.probe.append(f'found["{name}"] = {made}')


def _compact(w: Writer, cell: OwnCell, value: int) -> None:
    name, size, fields, given = _sized(w, value)
    call = carry_call(w, cell.name, w.key(), "(x.shape[0],)", size, drawn=False)
    lines = [f"@{w.nn('compact')}", "def __call__(self, x):", f"    carry = {call}"]
    lines.append(f"    return {cell.name}({cell.arguments(w)})(carry, x)")
    _module(w, name, fields, lines, given, w.batch, w.width)


def _setup(w: Writer, cell: OwnCell, value: int) -> None:
    name, size, fields, given = _sized(w, value)
    receiver = w.one("self.cell", "self.cell", cell.name)
    call = carry_call(w, receiver, w.key(), "(batch,)", size, drawn=False)
    lines = ["def setup(self):", f"    self.cell = {cell.name}({cell.arguments(w)})", ""]
    lines += ["def start(self, batch):", f"    return {call}", ""]
    lines += ["def __call__(self, x):", "    return self.cell(self.start(x.shape[0]), x)"]
    _module(w, name, fields, lines, given, w.batch, w.width)


def _layer(w: Writer, cell: OwnCell, value: int) -> None:
    name, size, fields, given = _sized(w, value)
    size = w.one(f"cell_size={size}", size)
    built = f"{cell.name}({cell.arguments(w)})"
    lines = [f"@{w.nn('compact')}", "def __call__(self, x):"]
    if w.maybe():
        lines += [f"    cell = {built}"]
        built = "cell"
    lines += [f"    return {w.nn('RNN')}({built}, {size})(x)"]
    _module(w, name, fields, lines, given, w.batch, w.time, w.width)


def _wrapper(w: Writer, cell: OwnCell, value: int) -> None:
    """A scanned module with a static carry of its own signature; the caller knows the size."""
    w.need("import functools")
    name = w.fresh("Scanned")
    call = carry_call(w, cell.name, "jax.random.PRNGKey(0)", "(batch,)", "hidden", drawn=False)
    lines = [f"@functools.partial({w.nn('scan')}, {_SCAN}, in_axes=0, out_axes=0)"]
    lines += [f"@{w.nn('compact')}", "def __call__(self, carry, x):"]
    lines += [f"    return {cell.name}({cell.arguments(w)})(carry, x)", ""]
    lines += ["@staticmethod", "def start(batch, hidden):", f"    return {call}"]
    module_class(w, name, [], lines)
    w.probe += _in_a_function(
        w,
        f"carry = {name}.start({w.batch}, {value})",
        f"x = data({w.time}, {w.batch}, {w.width})",
        f"return carry, {name}().init_with_output({w.key()}, carry, x)",
    )


def _script(w: Writer, cell: OwnCell, value: int) -> None:
    call = carry_call(w, w.one(cell.name, "cell"), w.key(), "(3,)", str(value), drawn=False)
    w.probe += _in_a_function(
        w,
        f"cell = {cell.name}({cell.arguments(w)})",
        f"carry = {call}",
        f"return carry, cell.init_with_output({w.key()}, carry, data(3, {w.width}))",
    )


def _in_a_function(w: Writer, *lines: str) -> list[str]:
    name = w.fresh("run")
    w.block(f"def {name}(data):", *indented(lines))
    return [f'found["{name}"] = {name}(data)']


def _class_in_a_field(w: Writer, cell: OwnCell, value: int) -> None:
    name, size, fields, given = _sized(w, value)
    fields = [*fields, f"cell_type: Any = {cell.name}"]
    call = carry_call(w, "self.cell_type", w.key(), "(x.shape[0],)", size, drawn=False)
    lines = [f"@{w.nn('compact')}", "def __call__(self, x):", f"    carry = {call}"]
    lines.append("    return self.cell_type()(carry, x)")
    _module(w, name, fields, lines, given, w.batch, w.width)


def _instance_in_a_field(w: Writer, cell: OwnCell, value: int) -> None:
    name, _, _, _ = _sized(w, value)
    made = w.one(f"= {cell.name}()", ": Any = dataclasses.field(default_factory=NAME)")
    w.need("import dataclasses")
    field = f"core: Any {made}" if made[0] == "=" else f"core{made.replace('NAME', cell.name)}"
    call = carry_call(w, "self.core", w.key(), "(x.shape[0],)", "self.hidden", drawn=False)
    lines = ["def __call__(self, x):", f"    return self.core({call}, x)"]
    given = w.one("", f"core={cell.name}()")
    _module(w, name, [field, f"hidden: int = {value}"], lines, given, w.batch, w.width)


def _partial(w: Writer, cell: OwnCell, value: int) -> None:
    w.need("import functools")
    name, size, fields, given = _sized(w, value)
    made = w.fresh("make")
    w.block(f"{made} = functools.partial({cell.name}{', rate=0.7' if cell.fields else ''})")
    call = carry_call(w, cell.name, w.key(), "(x.shape[0],)", size, drawn=False)
    lines = [f"@{w.nn('compact')}", "def __call__(self, x):", f"    carry = {call}"]
    lines.append(f"    return {made}()(carry, x)")
    _module(w, name, fields, lines, given, w.batch, w.width)


def _factory(w: Writer, cell: OwnCell, value: int) -> None:
    """A function of its own builds the cell; somebody else makes the carry."""
    name, size, fields, given = _sized(w, value)
    make = w.fresh("build")
    w.block(f"def {make}(**options):", f"    return {cell.name}(**options)")
    receiver = w.one("cell", cell.name)
    call = carry_call(w, receiver, w.key(), "(x.shape[0],)", size, drawn=False)
    lines = [f"@{w.nn('compact')}", "def __call__(self, x):", f"    cell = {make}()"]
    lines += [f"    carry = {call}", "    return cell(carry, x)"]
    _module(w, name, fields, lines, given, w.batch, w.width)


def _table(w: Writer, cell: OwnCell, value: int) -> None:
    """The cell beside a built-in one in a dict."""
    name, table = w.fresh("Chosen"), w.fresh("TABLE")
    w.block(f'{table} = {{"own": {cell.name}, "gru": {w.cell("GRUCell")}}}')
    call = carry_call(w, f"{table}[self.kind]", w.key(), "(x.shape[0],)", "self.n", drawn=False)
    lines = [f"@{w.nn('compact')}", "def __call__(self, x):", f"    carry = {call}"]
    lines.append(f"    return {table}[self.kind]()(carry, x)")
    fields = [f"n: int = {value}", 'kind: str = "own"']
    _module(w, name, fields, lines, w.one("", 'kind="gru"'), w.batch, w.width)


def _by_name(w: Writer, cell: OwnCell, value: int) -> None:
    """The class is reached by its name, or through an object that nobody knows."""
    holder, name = w.fresh("Holder"), w.fresh("start")
    w.block(f"class {holder}:", f"    {cell.name} = {cell.name}")
    reached = w.one(f'getattr({holder}, "{cell.name}")', f"library.{cell.name}")
    call = carry_call(w, reached, w.key(), "(3,)", "n", drawn=False)
    w.block(f"def {name}(library, n):", f"    return {call}")
    w.probe.append(f'found["{name}"] = {name}({holder}, {value})')


def _handed(w: Writer, cell: OwnCell, value: int) -> None:
    """A cell handed to a function that makes the carry, of a size of its own."""
    run, name = w.fresh("advance"), w.fresh("Hands")
    other = w.one(value, value, 4)
    call = carry_call(w, "cell", w.key(), "(x.shape[0],)", str(other), drawn=False)
    w.block(f"def {run}(cell, x):", f"    carry = {call}", "    return cell(carry, x)")
    lines = [f"@{w.nn('compact')}", "def __call__(self, x):"]
    lines += [f"    cell = {cell.name}({cell.arguments(w)})"]
    if w.maybe() and other == value:  # One cell has one size.
        call = carry_call(w, "cell", w.key(), "(x.shape[0],)", str(value), drawn=False)
        lines += [f"    carry = {call}", "    cell(carry, x)"]
    lines.append(f"    return {run}(cell, x)")
    _module(w, name, [], lines, "", w.batch, w.width)


_USES: dict[str, Callable[[Writer, OwnCell, int], None]] = {
    "compact": _compact,
    "setup": _setup,
    "layer": _layer,
    "wrapper": _wrapper,
    "script": _script,
    "class field": _class_in_a_field,
    "instance field": _instance_in_a_field,
    "partial": _partial,
    "factory": _factory,
    "table": _table,
    "by name": _by_name,
    "handed": _handed,
}


def _sized(w: Writer, value: int) -> tuple[str, str, list[str], str]:
    """A module's name, its size, its fields and the arguments of its constructor."""
    name, known = w.fresh("Uses"), w.fresh("SETTINGS")
    match w.one("literal", "field", "config", "dict", "computed", "function", "attribute"):
        case "literal":
            return name, str(value), [], ""
        case "field":
            return name, "self.hidden", ["hidden: int"], f"hidden={value}"
        case "config":
            w.block(f"class {known}:", f"    width = {value}", f"    depth = {value - 1}")
            return name, f"{known}.width", [], ""
        case "dict":
            w.block(f'{known} = {{"width": {value}, "depth": 2}}')
            return name, f'{known}["width"]', [], ""
        case "computed":
            w.block(f"{known} = {value - 4}")
            return name, f"{known} + 4", [], ""
        case "function":
            function = w.fresh("width")
            w.block(f"def {function}(n):", "    return n + 1")
            return name, f"{function}({value - 1})", [], ""
    w.need("import dataclasses")
    config = w.fresh("Config")
    w.block("@dataclasses.dataclass(frozen=True)", f"class {config}:", "    width: int")
    return name, "self.config.width", [f"config: {config}"], f"config={config}({value})"


def subclass_of_own(w: Writer) -> None:
    """A cell that inherits the static carry of another one, and uses of both."""
    base, child = own_cell(w), w.fresh("FastCell")
    way = w.one("plain", "field", "call", "carry")
    w.tag(f"child:{way}")
    lines = ["pass"]
    match way:
        case "field":
            lines = ["speed: float = 2.0"]
        case "call":
            lines = [f"@{w.nn('compact')}", "def __call__(self, carry, x):"]
            lines += ["    carry, y = super().__call__(carry, 2 * x)", "    return carry, y + 1"]
        case "carry":
            lines = ["@staticmethod", "def initialize_carry(rng, batch_dims, size):"]
            zeros = "jnp.ones((*batch_dims, size))"
            lines.append(f"    return {f'{zeros}, {zeros}' if base.pair else zeros}")
    w.block(f"class {child}({base.name}):", *indented(lines))
    own = OwnCell(child, base.pair, base.fields)
    for cell in w.one([base, own], [own], [own, own]):
        use_of(w, cell)


def stacked(w: Writer) -> None:
    """A cell whose carry is a tuple of the carries of others."""
    name, user = w.fresh("StackedCell"), w.fresh("Uses")
    kinds = [w.dense(), w.dense()]
    parts = [w.cell(kind) for kind in kinds]
    own = own_cell(w) if w.maybe() else None
    if own:
        parts[1] = own.name
    value, key = w.hidden(), w.key()
    way = w.one("pair", "loop", "init")
    w.tag(f"stacked:{way}")
    fields: list[str] = []
    match way:
        case "pair" | "init":
            head = "def initialize_carry(rng, batch_dims, size):"
            made = [carry_call(w, part, "rng", "batch_dims", "size", drawn=False) for part in parts]
            body = [f"return ({made[0]}, {made[1]})"]
            step = ["one, two = carry", f"one, x = {parts[0]}({cell_arguments(w)})(one, x)"]
            step += [f"two, x = {parts[1]}()(two, x)", "return (one, two), x"]
        case _:
            head = "def initialize_carry(rng, batch_dims, size):"
            made = [carry_call(w, parts[0], "rng", "batch_dims", "size", drawn=False)]
            body = [f"return tuple({made[0]} for _ in range(2))"]
            step = ["carries = []", "for state in carry:"]
            step += [f"    state, x = {parts[0]}()(state, x)", "    carries.append(state)"]
            step += ["return tuple(carries), x"]
    lines = [f"@{w.nn('compact')}", "def __call__(self, carry, x):", *indented(step), ""]
    lines += ["@staticmethod", head, *indented(body)]
    module_class(w, name, fields, lines, base=w.cell("RNNCellBase"))
    call = carry_call(w, name, key, "(x.shape[0],)", str(value), drawn=False)
    lines = [f"@{w.nn('compact')}", "def __call__(self, x):"]
    lines += [f"    carry = {call}", f"    return {name}()(carry, x)"]
    shape = (w.batch, w.width)
    if w.maybe():
        lines[2:] = [f"    return {w.nn('RNN')}({name}(), {value})(x)"]
        shape = (w.batch, w.time, w.width)
    _module(w, user, [], lines, "", *shape)


def wrapper(w: Writer) -> None:
    """A scanned wrapper around a built-in cell; models in other files call it."""
    w.need("import functools")
    kind, value = w.dense(), w.hidden()
    cls, name, model = w.cell(kind), w.fresh("ScannedRNN"), w.fresh("Network")
    way = w.one("static", "static", "sized", "resets", "instance")
    w.tag(f"wrapper:{way}")
    key, size = "jax.random.PRNGKey(0)", w.one("hidden", "hidden", "2 * hidden")
    hidden = value if size == "hidden" else 2 * value
    call = carry_call(w, cls, key, w.one("(batch,)", "(*(batch,),)"), size)
    step = [f"return {cls}({cell_arguments(w)})(carry, x)"]
    fields, given, start = [], "", f"{name}.initialize_carry"
    if way == "resets":
        fresh = f"self.initialize_carry(x.shape[0], {value})"
        zeros = "jax.tree_util.tree_map(lambda old, new: jnp.where(x.sum() > 9, new, old)"
        step.insert(0, f"carry = {zeros}, carry, {fresh})")
    head = ["@staticmethod", "def initialize_carry(batch, hidden):"]
    if way == "sized":
        fields, given = ["width: int"], f"width={hidden}"
        call = carry_call(w, cls, key, "(batch,)", "self.width")
        head = ["def initialize_carry(self, batch, hidden):"]
        start = f"{name}({given}).initialize_carry"
    if way == "instance":
        start = f"{name}().initialize_carry"
    lines = [f"@functools.partial({w.nn('scan')}, {_SCAN}, in_axes=0, out_axes=0)"]
    lines += [f"@{w.nn('compact')}", "def __call__(self, carry, x):", *indented(step), ""]
    lines += [*head, f"    return {call}"]
    module_class(w, name, fields, lines)
    inner = [f"@{w.nn('compact')}", "def __call__(self, carry, xs):"]
    inner += [f"    xs = {w.nn('Dense')}(4)(xs)", f"    carry, ys = {name}({given})(carry, xs)"]
    inner += [f"    return carry, {w.nn('Dense')}(2)(ys)"]
    module_class(w, model, [], inner)
    sizes = [value, w.one(value, value + 3)] if way == "static" else [value]
    for width in sizes:
        w.probe += _in_a_function(
            w,
            f"carry = {start}({w.batch}, {width})",
            f"xs = data({w.time}, {w.batch}, {w.width})",
            f"return carry, {model}().init_with_output({w.key()}, carry, xs)",
        )


def sized_by_callers(w: Writer) -> None:
    """A module whose size each caller chooses, by a function, a config or a subclass."""
    kind, value = w.dense(), w.hidden()
    cls, name, child = w.cell(kind), w.fresh("Encoder"), w.fresh("Wide")
    call = carry_call(w, w.one(cls, "self.cell"), w.key(), "(batch,)", "self.hidden")
    lines = ["def setup(self):", f"    self.cell = {cls}({cell_arguments(w)})", ""]
    lines += ["def start(self, batch):", f"    return {call}", ""]
    lines += ["def __call__(self, x):", "    return self.cell(self.start(x.shape[0]), x)"]
    module_class(w, name, ["hidden: int"], lines)
    way = w.one("function", "subclass", "size of the subclass", "outside")
    w.tag(f"callers:{way}")
    run = f"init_with_output({w.key()}, data({w.batch}, {w.width}))"
    match way:
        case "function":
            build = w.fresh("build")
            w.block(f"def {build}(config, **more):", f'    return {name}(config["n"], **more)')
            w.probe.append(f'found["{build}"] = {build}({{"n": {value}}}).{run}')
            w.probe.append(f'found["{build} 2"] = {build}({{"n": {value + 2}}}).{run}')
        case "subclass":
            w.block(f"class {child}({name}):", f"    hidden: int = {value}")
            w.probe.append(f'found["{child}"] = {child}().{run}')
        case "size of the subclass":
            receiver = w.one("self.cell", cls)
            wide = w.one("2 * self.hidden", "self.hidden + 1", "self.hidden", "9")
            call = carry_call(w, receiver, w.key(), "(batch,)", wide)
            lines = ["def start(self, batch):", f"    return {call}"]
            w.block(f"class {child}({name}):", *indented(lines))
            w.probe.append(f'found["{child}"] = {child}(hidden={value}).{run}')
        case _:
            outside = w.fresh("Outside")
            call = carry_call(w, "self.encoder.cell", w.key(), "(x.shape[0],)", "self.n")
            lines = ["def setup(self):", f"    self.encoder = {name}({value})", ""]
            lines += ["def __call__(self, x):", f"    return self.encoder.cell({call}, x)"]
            _module(w, outside, [f"n: int = {w.one(value, 4)}"], lines, "", w.batch, w.width)


def partials(w: Writer) -> None:
    """``functools.partial`` of a built-in cell, a splat of options, or a table of makers."""
    w.need("import functools")
    kind, value = w.dense(), w.hidden()
    cls, name, made = w.cell(kind), w.fresh("Made"), w.fresh("make")
    sigmoid = w.nn("hard_sigmoid")
    way = w.one("partial", "splat", "table", "argument", "method")
    w.tag(f"partials:{way}")
    built = f"{made}()"
    fields, given = [f"n: int = {value}"], ""
    match way:
        case "partial":
            w.block(f"{made} = functools.partial({cls}, gate_fn={sigmoid})")
        case "splat":
            w.block(f'{made} = {{"gate_fn": {sigmoid}}}')
            built = f"{cls}(**{made})"
        case "table":
            w.block(f'{made} = {{"a": functools.partial({cls}, gate_fn={sigmoid}), "b": {cls}}}')
            built = f'{made}["{w.one("a", "b")}"]()'
        case "argument":
            fields.append("make: Any = None")
            built, given = "self.make()", f"make={w.one(cls, f'functools.partial({cls})')}"
        case _:
            w.block(f"class {made}:", "    def build(self):", f"        return {cls}()")
            built = f"{made}().build()"
    call = carry_call(w, cls, w.key(), "(x.shape[0],)", "self.n")
    lines = [f"@{w.nn('compact')}", "def __call__(self, x):", f"    carry = {call}"]
    lines += w.one(
        [f"    return {built}(carry, x)"], [f"    cell = {built}", "    return cell(carry, x)"]
    )
    _module(w, name, fields, lines, given, w.batch, w.width)


def other_library(w: Writer) -> None:
    """Classes with the cells' names that are none of flax's, among modules that use them."""
    library, user = w.fresh("Library"), w.fresh("Uses")
    kind = w.dense()
    way = w.one("class", "module", "subclass", "attribute")
    w.tag(f"library:{way}")
    plain = ["@staticmethod", "def initialize_carry(rng, batch_dims, size):"]
    plain += ["    return jnp.full((*batch_dims, size), 3.0)", ""]
    plain += ["def __call__(self, carry, x):", "    return carry + x.sum(), x"]
    match way:
        case "class":
            inner = [f"class {kind}:", *indented(plain)]
            w.block(f"class {library}:", *indented(inner))
        case "module":
            inner = [f"class {kind}({w.nn('Module')}):", *indented(plain)]
            w.block(f"class {library}:", *indented(inner))
        case "subclass":
            inner = ["class Base:", *indented(plain), "", f"class {kind}(Base):", "    pass"]
            w.block(f"class {library}:", *indented(inner))
        case _:
            w.block(f"class {library}:", "    pass")
            w.block(
                f"class {user}Kind:",
                *indented(plain),
                "",
                "",
                f"{library}.{kind} = {user}Kind",
            )
    call = carry_call(w, f"{library}.{kind}", w.key(), "(x.shape[0],)", "4", drawn=False)
    run = w.fresh("run")
    w.block(
        f"def {run}(x):",
        f"    carry = {call}",
        f"    return {library}.{kind}()(carry, x)",
    )
    w.probe.append(f'found["{run}"] = {run}(data({w.batch}, {w.width}))')
    if way == "attribute":
        w.probe.insert(len(w.probe) - 1, f"{user}Kind")


def same_attribute(w: Writer) -> None:
    """Two classes with one attribute's name, one for a cell, one for something else."""
    kind, value = w.dense(), w.hidden()
    cls, name, other = w.cell(kind), w.fresh("Real"), w.fresh("Other")
    call = carry_call(w, "self.cell", w.key(), "(x.shape[0],)", "self.n", drawn=False)
    lines = ["def setup(self):", f"    self.cell = {cls}({cell_arguments(w)})", ""]
    lines += ["def __call__(self, x):", f"    return self.cell({call}, x)"]
    _module(w, name, [f"n: int = {value}"], lines, "", w.batch, w.width)
    table = w.fresh("Table")
    w.block(
        f"class {table}:",
        "    def initialize_carry(self, rng, batch_dims, size):",
        "        return jnp.ones((*batch_dims, size + 1))",
    )
    lines = ["def setup(self):", f"    self.cell = {table}()", ""]
    lines += ["def __call__(self, x):", f"    return {call}"]
    _module(w, other, ["n: int = 4"], lines, "", w.batch, w.width)


def kinds_by_config(w: Writer) -> None:
    """The class and the size come from one config object of another file."""
    kind, value = w.dense(), w.hidden()
    config, name = w.fresh("Config"), w.fresh("Uses")
    carry = "carry[0].shape[-1]" if kind in PAIRS else "carry.shape[-1]"
    w.block(f"class {config}:", f"    cell = {w.cell(kind)}", f"    width = {value}")
    holder = w.one(config, f"{config}()")
    call = carry_call(w, f"{holder}.cell", w.key(), "(x.shape[0],)", f"{holder}.width")
    lines = [f"@{w.nn('compact')}", "def __call__(self, x):", f"    carry = {call}"]
    lines += [f"    carry, y = {holder}.cell()(carry, x)", f"    return carry, y * {carry}"]
    _module(w, name, [], lines, "", w.batch, w.width)
