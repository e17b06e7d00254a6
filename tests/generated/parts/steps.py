"""Modules of one step: the carry comes in as an argument, or is made from the input."""

from __future__ import annotations

from pieces import (
    batch_of,
    carry_call,
    cell_arguments,
    module_class,
    name_argument,
    size_in_module,
)
from writer import PAIRS, Writer


def starter(w: Writer, kind: str, batch: tuple[int, ...], value: int) -> str:
    """An expression for the probe that makes a carry, by a helper of one sort or another."""
    ways = ["function", "function", "swapped", "star", "keyword_only", "default", "inline"]
    ways += ["throw_away", "named_cell", "zeros", "local_names", "lambda", "static", "nested"]
    ways += ["module_level", "vmap", "dict", "class_argument", "optional", "classmethod"]
    way = w.one(*ways)
    w.tag(f"start:{way}")
    name, cls, key = w.fresh("start"), w.cell(kind), w.key()
    axes = repr(batch)
    match way:
        case "function":
            call = carry_call(w, cls, "key", "batch", "hidden")
            w.block(f"def {name}(key, batch, hidden):", f"    return {call}")
            return f"{name}({key}, {axes}, {value})"
        case "swapped":
            call = carry_call(w, cls, "rng", w.one("dims", "tuple(dims)", "(*dims,)"), "n")
            w.block(f"def {name}(n, rng, dims=()):", f"    return {call}")
            return f"{name}({value}, {key}, dims={axes})"
        case "star":
            call = carry_call(w, cls, "key", w.one("batch_size", "(*batch_size,)"), "hidden")
            w.block(f"def {name}(key, hidden, *batch_size):", f"    return {call}")
            return f"{name}({', '.join([key, str(value), *map(str, batch)])})"
        case "keyword_only":
            call = carry_call(w, cls, "key", "batch", w.one("hidden * 2", "2 * hidden"))
            w.block(
                f"def {name}(batch, *, hidden, key=jax.random.PRNGKey(1)):",
                '    """The state at the start."""',
                f"    state = {call}",
                "    return state",
            )
            return (
                f"{name}({axes}, hidden={value / 2:g})"
                if value % 2 == 0
                else _zeros(kind, batch, value)
            )
        case "default":
            constant = w.fresh("SIZE")
            w.block(f"{constant} = {value}")
            call = carry_call(w, cls, "key", axes, "hidden")
            w.block(f"def {name}(key, hidden={constant}):", f"    return {call}")
            return f"{name}({key})"
        case "inline":
            return carry_call(w, cls, key, axes, str(value))
        case "throw_away":
            return carry_call(w, f"{cls}()", key, axes, str(value))
        case "named_cell":
            cell = w.one("cell", "rnn", "features")
            call = carry_call(w, cell, "key", "batch", "size")
            w.block(f"def {name}(key, batch, size):", f"    {cell} = {cls}()", f"    return {call}")
            return f"{name}({key}, {axes}, {value})"
        case "zeros":
            return _zeros(kind, batch, value)
        case "local_names":
            call = carry_call(w, cls, "key", "dims", "size")
            w.block(
                f"def {name}(seed, batch, hidden):",
                "    key = jax.random.PRNGKey(seed)",
                "    dims = (*batch,)",
                "    size = hidden - 1",
                "    size = size + 1",
                f"    carry = {call}",
                "    return carry",
            )
            return f"{name}(3, {axes}, {value})"
        case "lambda":
            call = carry_call(w, cls, "k", "dims", "n")
            w.block(f"{name} = lambda k, dims, n: {call}")
            return f"{name}({key}, {axes}, {value})"
        case "static":
            owner = w.fresh("Owner")
            call = carry_call(w, cls, "rng", "batch", "size")
            methods = ["@staticmethod", "def start(rng, batch, size):", f"    return {call}"]
            module_class(w, owner, [], methods)
            return f"{owner}.start({key}, {axes}, {value})"
        case "nested":
            call = carry_call(w, cls, "key", "batch", "hidden")
            w.block(
                f"def {name}(batch):",
                "    def make(key, hidden):",
                f"        return {call}",
                "    return make",
            )
            return f"{name}({axes})({key}, {value})"
        case "module_level":
            constant = name.upper()
            w.block(f"{constant} = {carry_call(w, cls, key, axes, str(value))}")
            return constant
        case "vmap":
            if not batch:
                return _zeros(kind, batch, value)
            call = carry_call(w, cls, "k", repr(batch[1:]), "hidden")
            w.block(
                f"def {name}(key, count, hidden):",
                "    keys = jax.random.split(key, count)",
                f"    return jax.vmap(lambda k: {call})(keys)",
            )
            return f"{name}({key}, {batch[0]}, {value})"
        case "dict":
            table = w.fresh("CELLS")
            w.block(f'{table} = {{"a": {cls}, "b": {w.cell(kind)}}}')
            call = carry_call(w, f"{table}[which]", "key", axes, "hidden")
            w.block(f"def {name}(which, key, hidden):", f"    return {call}")
            return f'{name}("b", {key}, {value})'
        case "class_argument":
            call = carry_call(w, "cls", "key", axes, "hidden")
            w.block(f"def {name}(cls, key, hidden):", f"    return {call}")
            return f"{name}({cls}, {key}, {value})"
        case "optional":
            w.block(
                f"def {name}(key, hidden, batch=None):",
                "    if batch is None:",
                f"        return {carry_call(w, cls, 'key', '()', 'hidden')}",
                "    else:",
                f"        return {carry_call(w, cls, 'key', 'batch', 'hidden', drawn=False)}",
            )
            return f"{name}({key}, {value}, {axes})"
        case _:
            owner = w.fresh("Owner")
            call = carry_call(w, cls, "rng", "batch", "size")
            methods = ["@classmethod", "def start(cls, rng, batch, size):", f"    return {call}"]
            module_class(w, owner, [], methods)
            return f"{owner}.start({key}, {axes}, {value})"


def _zeros(kind: str, batch: tuple[int, ...], value: int) -> str:
    zeros = f"jnp.zeros({(*batch, value)!r})"
    return f"({zeros}, {zeros})" if kind in PAIRS else zeros


def step(w: Writer) -> None:
    """``carry, y = Cell()(carry, x)`` in a compact method, often under a scan decorator."""
    kind, value = w.dense(), w.hidden()
    name = w.fresh("Step")
    carry, x = w.one("carry", "state", "h", "rnn_state", "c"), w.one("x", "inputs", "obs", "ins")
    scanned = w.maybe()
    body = _changes_of_input(w, x)
    handed = carry
    pair = kind in PAIRS
    match w.one("", "", "unpacked", "where", "wider", "tuple"):
        case "unpacked" if pair:
            w.tag("carry:unpacked")
            body += [f"cc, hh = {carry}", "hh = hh * 0.5"]
            handed = "(cc, hh)"
        case "where":
            w.tag("carry:where")
            body.append(f"{carry} = jax.tree_util.tree_map(lambda s: s * 0.5, {carry})")
        case "wider" if not pair and not scanned:
            w.tag("carry:wider")
            body.append(f"{carry} = {w.nn('Dense')}({value + 2})({carry})")
        case "tuple" if pair:
            w.tag("carry:tuple")
            handed = f"({carry}[0], {carry}[1])"
    if w.maybe():
        body.append(f"{x} = {w.nn('Dense')}({w.one(3, 9)})({x})")
    arguments = cell_arguments(w, name_argument(w))
    cls = w.cell(kind)
    call = w.one(
        f"{handed}, {x}", f"{handed}, {x}", f"{handed}, inputs={x}", f"carry={handed}, inputs={x}"
    )
    repeats = not scanned and w.maybe()
    match w.one("at once", "at once", "variable", "return", "discarded"):
        case "at once":
            body.append(f"{carry}, y = {cls}({arguments})({call})")
        case "variable":
            cell = w.one("cell", "rnn", "lstm", "features")
            body.append(f"{cell} = {cls}({arguments})")
            body.append(f"{carry}, y = {cell}({call})")
            if repeats:
                w.tag("repeated")
                again = carry if "=" not in call else f"carry={carry}"
                body += ["for _ in range(2):", f"    {carry}, y = {cell}({again}, inputs={x})"]
        case "return":
            body.append(f"return {cls}({arguments})({call})")
        case _:
            body += [f"{carry}, _ = {cls}({arguments})({call})", f"y = jnp.asarray({x}) * 2"]
    if not body[-1].startswith("return"):
        body.append(w.one(f"return {carry}, y", f"return {carry}, {w.nn('Dense')}(2)(y)"))
    lines = [w.nn("compact").join(("@", "")), f"def __call__(self, {carry}, {x}):"]
    if scanned:
        w.tag("scanned")
        w.need("import functools")
        lines = [
            "@functools.partial(",
            f"    {w.nn('scan')},",
            '    variable_broadcast="params",',
            f"    in_axes={w.one(0, 0)},",
            "    out_axes=0,",
            '    split_rngs={"params": False},',
            ")",
            *lines,
        ]
    module_class(w, name, [], [*lines, *("    " + line for line in body)])
    batch = w.one((w.batch,), (w.batch,), (), (w.batch, 4))
    start = starter(w, kind, batch, value)
    shape = ((w.time,) if scanned else ()) + batch + (w.width,)
    w.probe += [
        f"carry = {start}",
        f"x = data(*{shape})",
        f'found["{name}"] = carry, {name}().init_with_output({w.key()}, carry, x)',
    ]


def _changes_of_input(w: Writer, x: str) -> list[str]:
    return w.one(
        [],
        [],
        [f"{x} = {w.nn('relu')}({w.nn('Dense')}(4)({x}))"],
        [f"{x} = jnp.concatenate([{x}, {x}], axis=-1)"],
    )


def whole(w: Writer) -> None:
    """The carry is created in ``__call__``, from the batch axes of the very input of the cell."""
    kind, value = w.dense(), w.hidden()
    name, size = w.fresh("Whole"), size_in_module(w, value)
    x, carry = w.one("x", "obs", "cell", "tokens"), w.one("carry", "state", "features")
    lead = w.one(1, 1, 2)
    before, batch = batch_of(w, x, lead)
    cls = w.cell(kind)
    key = w.one(w.key(), 'self.make_rng("params")') if w.maybe() else w.key()
    call = carry_call(w, cls if w.maybe(often=True) else f"{cls}()", key, batch, size.text)
    if "()." in call:
        w.tag("whole:throw_away")
    named = name_argument(w)
    arguments = cell_arguments(w, named)
    between = w.one(
        [],
        [],
        [],
        [f"{x} = {w.nn('Dense')}(9)({x})"],
        [f"{x} = {x}[..., :3]"],
        [f"{x} = {x}[0]"] if lead == 2 else [],
        [f"{carry} = jax.tree_util.tree_map(lambda s: s + 1, {carry})"],
        [f"{x} = {x} * 2"],
    )
    if between:
        w.tag(f"between:{between[0].split(' = ')[1][:8]}")
    made = [f"{carry} = {call}"]
    use = [f"{carry}, y = {cls}({arguments})({carry}, {x})"]
    match w.one("plain", "plain", "first", "return", "loop", "two", "conditional", "inline"):
        case "first":
            w.tag("whole:first")
            variable = w.one("cell_", "lstm", "rnn")
            made.insert(w.one(0, 1), f"{variable} = {cls}({arguments})")
            use = [f"{carry}, y = {variable}({carry}, {x})"]
            if w.maybe():
                made = [
                    line.replace(call, call.replace(f"{cls}()", variable).replace(cls, variable, 1))
                    for line in sorted(made, key=lambda line: line.startswith(carry))
                ]
        case "return":
            use = [f"return {cls}({arguments})({carry}, {x})"]
        case "loop":
            w.tag("whole:loop")
            use = [
                "for i in range(2):",
                f"    {carry}, y = {cls}({arguments})({carry}, {x})"
                if not named
                else f'    {carry}, y = {cls}(name=f"layer_{{i}}")({carry}, {x})',
            ]
            if w.maybe():
                use = [use[0], "    " + made[0], use[1]]
                made = []
        case "two":
            w.tag("whole:two")
            second = w.one(kind, w.dense())
            other = w.hidden()
            klass = w.cell(second)
            more = carry_call(w, klass, w.key(), batch, str(other))
            made.insert(w.one(0, 1), f"other = {more}")
            after = f"other, y = {klass}({cell_arguments(w)})(other, {w.one('y', x)})"
            use.append(after)
        case "conditional":
            w.tag("whole:conditional")
            use = [f"if {x}.ndim > 1:", "    " + use[0], "else:", f"    y = {x}"]
        case "inline" if "bfloat16" not in arguments:
            w.tag("whole:inline")
            made = []
            use = [f"{carry}, y = {cls}({arguments})({call}, {x})"]
            between = [line for line in between if not line.startswith(carry)]
        case _:
            pass
    body = [*_changes_of_input(w, x), *size.before, *before, *made, *between, *use]
    if not body[-1].startswith("return"):
        body.append(f"return {carry}, y")
    lines = [f"@{w.nn('compact')}", f"def __call__(self, {x}):"]
    module_class(w, name, size.fields, [*size.methods, *lines, *("    " + line for line in body)])
    shape = (w.batch,) * (lead == 1) + (w.batch, 4) * (lead == 2) + (w.width,)
    w.probe += [
        f'found["{name}"] = {name}({", ".join(size.given)})'
        f".init_with_output({w.key()}, data(*{shape}))"
    ]
