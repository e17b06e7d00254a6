"""Lifted cells: ``nn.scan(nn.LSTMCell, ...)`` and its relatives, and scanned functions."""

from __future__ import annotations

from pieces import batch_of, carry_call, cell_arguments, module_class, name_argument, size_in_module
from writer import PAIRS, Writer, indented

from parts.steps import starter


def lifted(w: Writer) -> None:
    """A lifted class, called at once or kept in a variable."""
    kind, value = w.dense(), w.hidden()
    name = w.fresh("Unrolled")
    axis = w.one(0, 1, 1)
    options = [
        'variable_broadcast="params"',
        'split_rngs={"params": False}',
        f"in_axes={axis}",
        f"out_axes={axis}",
    ]
    if axis == 0 and w.maybe():
        options = options[:2]
    w.random.shuffle(options)
    cls = w.cell(kind)
    inner = w.one(cls, cls, cls, f"{w.nn('remat')}({cls})")
    scan = f"{w.nn('scan')}({inner}, {', '.join(options)})"
    if w.maybe():
        w.tag("lifted:partial")
        w.need("from functools import partial")
        scan = f"partial({w.nn('scan')}, {', '.join(options)})({inner})"
    way = w.one("local", "local", "module", "setup", "at once", "loop")
    w.tag(f"lifted:{way}")
    local = way in ("local", "at once", "loop")
    size = size_in_module(w, value, local=local)
    arguments = cell_arguments(w, name_argument(w) if way != "loop" else "")
    steps = "xs" if axis == 0 else "xs[:, 0]"
    batch = w.one("(xs.shape[0],)" if axis else "(xs.shape[1],)", f"{steps}.shape[:-1]")
    if axis and w.maybe():
        before, batch = batch_of(w, "xs[:, 0]", 1)
    else:
        before = ["b, t, _ = xs.shape"] if axis else ["t, b, _ = xs.shape"]
        if w.maybe():
            batch = "(b,)"
    if axis == 0:
        batch = batch if "xs.shape[:-1]" not in batch else "xs.shape[1:-1]"
    receiver = w.one(cls, cls, "Scanned", "scanned", "scanned") if way != "at once" else cls
    if way in ("setup",):
        receiver = w.one(cls, "self.scanned")
    if way == "module" and receiver == "scanned":
        receiver = cls
    made = carry_call(w, receiver, w.key(), batch, size.text)
    if receiver == "Scanned" and way in ("setup",):
        made = carry_call(w, cls, w.key(), batch, size.text)
    body = [*size.before, *before]
    methods: list[str] = []
    match way:
        case "local":
            body += [f"Scanned = {scan}"]
            cell = f"Scanned({arguments})"
            if receiver == "scanned":
                body += [f"scanned = {cell}", f"carry = {made}"]
                cell = "scanned"
            else:
                body += [f"carry = {made}"]
                if w.maybe():
                    body.append(f"xs = {w.nn('Dense')}(3)(xs)")
            body.append(f"carry, ys = {cell}(carry, xs)")
        case "module":
            shared = w.fresh("Scanned")
            w.block(f"{shared} = {scan}")
            made = made.replace("Scanned.", f"{shared}.")
            body += [f"carry = {made}", f"carry, ys = {shared}({arguments})(carry, xs)"]
        case "setup":
            methods = ["def setup(self):", f"    self.scanned = {scan}({arguments})", ""]
            body += [f"carry = {made}", "carry, ys = self.scanned(carry, xs)"]
        case "at once":
            body += [f"carry = {made}", f"carry, ys = {scan}({arguments})(carry, xs)"]
        case _:
            body += [f"Scanned = {scan}", "ys = xs", "for i in range(2):"]
            receiver = receiver if receiver != "scanned" else "Scanned"
            made = carry_call(w, receiver, w.key(), batch, size.text)
            body += [f"    carry = {made}"]
            body += [f"    carry, ys = Scanned({arguments})(carry, ys)"]
    body.append("return carry, ys")
    call = ["def __call__(self, xs):", *indented(body)]
    if way != "setup":
        call.insert(0, f"@{w.nn('compact')}")
    module_class(w, name, size.fields, [*size.methods, *methods, *call])
    shape = (w.time, w.batch, w.width) if axis == 0 else (w.batch, w.time, w.width)
    w.probe.append(
        f'found["{name}"] = {name}({", ".join(size.given)})'
        f".init_with_output({w.key()}, data(*{shape}))"
    )


def scanned_function(w: Writer) -> None:
    """``nn.scan`` over a function whose first argument is the module or the cell."""
    kind, value = w.dense(), w.hidden()
    name, size = w.fresh("Scanner"), size_in_module(w, value)
    cls = w.cell(kind)
    first = w.one("cell", "cell", "self")
    w.tag(f"scan:{first}")
    options = 'variable_broadcast="params", split_rngs={"params": False}, in_axes=1, out_axes=1'
    before, batch = batch_of(w, "xs[:, 0]", 1)
    made = carry_call(w, cls if w.maybe(often=True) else f"{cls}()", w.key(), batch, size.text)
    arguments = cell_arguments(w, name_argument(w))
    if first == "cell":
        body = [f"cell = {cls}({arguments})"]
        if w.maybe():
            made = carry_call(w, "cell", w.key(), batch, size.text)
        step = w.one(
            ["def step(cell, carry, x):", "    return cell(carry, x)"],
            ["def step(cell, carry, x):", "    carry, y = cell(carry, x)", "    return carry, y"],
            ["def step(mdl, c, x):", "    c, y = mdl(c, x)", "    return c, jnp.tanh(y)"],
            ["step = lambda cell, carry, x: cell(carry, x)"],
        )
        handed = "cell"
    else:
        body = []
        inner = w.one("state", "carry")
        step = [
            f"def step(module, {inner}, x):",
            f"    {inner}, y = {cls}({arguments})({inner}, x)",
            f"    return {inner}, y",
        ]
        handed = "self"
    if w.maybe() and first == "cell":
        shared = w.fresh("advance")
        w.block(*[line.replace("step", shared) for line in step])
        step, used = [], shared
    else:
        used = "step"
    body = [*size.before, *before, *body, *step, f"carry = {made}"]
    if w.maybe():
        body = [line for line in body if line != f"carry = {made}"]
        body.insert(len(size.before) + len(before) + (first == "cell"), f"carry = {made}")
    body.append(f"carry, ys = {w.nn('scan')}({used}, {options})({handed}, carry, xs)")
    body.append("return carry, ys")
    module_class(
        w,
        name,
        size.fields,
        [*size.methods, f"@{w.nn('compact')}", "def __call__(self, xs):", *indented(body)],
    )
    w.probe.append(
        f'found["{name}"] = {name}({", ".join(size.given)})'
        f".init_with_output({w.key()}, data({w.batch}, {w.time}, {w.width}))"
    )


def population(w: Writer) -> None:
    """``nn.vmap`` of a cell, with parameters of its own for each member."""
    kind, value = w.dense(), w.hidden()
    name, cls = w.fresh("Many"), w.cell(kind)
    many = f"{w.nn('vmap')}({cls}, variable_axes={{'params': 0}}, split_rngs={{'params': True}})"
    carry = "carry"
    body = [f"Many = {many}"]
    if w.maybe():
        body.append(f"many = Many({cell_arguments(w, name_argument(w))})")
        use = "many"
    else:
        use = f"Many({cell_arguments(w, name_argument(w))})"
    if w.maybe():
        made = carry_call(w, w.one(cls, "Many"), w.key(), "x.shape[:-1]", str(value))
        body.append(f"carry = {made}")
        carry = ""
    body.append(f"return {use}(carry, x)")
    arguments = "self, carry, x" if carry else "self, x"
    lines = [f"@{w.nn('compact')}", f"def __call__({arguments}):", *indented(body)]
    module_class(w, name, [], lines)
    batch = (4, w.batch)
    given = "carry, x" if carry else "x"
    if carry:
        w.probe.append(f"carry = {starter(w, kind, batch, value)}")
    w.probe += [
        f"x = data(*{(*batch, w.width)})",
        f'found["{name}"] = {name}().init_with_output({w.key()}, {given})',
    ]


def while_loop(w: Writer) -> None:
    """A Python loop over time; the cell is built before it, in it, or by a helper method."""
    kind, value = w.dense(), w.hidden()
    name, size = w.fresh("Loop"), size_in_module(w, value)
    cls, pair = w.cell(kind), kind in PAIRS
    built = f"cell = {cls}({cell_arguments(w, name_argument(w))})"
    made = f"state = {carry_call(w, w.one(cls, cls, 'cell'), w.key(), '(xs.shape[0],)', size.text)}"
    head = [built, made]
    if "cell.init" not in made and w.maybe():
        head = [made, built]
    loop = w.one(
        ["for t in range(xs.shape[1]):", "    state, y = cell(state, xs[:, t])"],
        ["for x in jnp.swapaxes(xs, 0, 1):", "    state, y = cell(state, x)"],
        ["t = 0", "while t < xs.shape[1]:", "    state, y = cell(state, xs[:, t])", "    t += 1"],
        [
            "ys = []",
            "for t in range(xs.shape[1]):",
            "    state, y = cell(state, xs[:, t])",
            "    ys.append(y)",
            "y = jnp.stack(ys, axis=1)",
        ],
        [
            "h = state[-1] if isinstance(state, tuple) else state",
            "state, y = cell(state, xs[:, 0])",
        ],
        ["old = state", "new, y = cell(old, xs[:, 1])", "state, y = cell(new, xs[:, 0])"],
    )
    if pair and w.maybe():
        loop = ["c, h = state", "(c, h), y = cell((c, h), xs[:, 0])", "state = (c, h)"]
    body = [*size.before, *head, *loop, "return state, y"]
    module_class(
        w,
        name,
        size.fields,
        [*size.methods, f"@{w.nn('compact')}", "def __call__(self, xs):", *indented(body)],
    )
    w.probe.append(
        f'found["{name}"] = {name}({", ".join(size.given)})'
        f".init_with_output({w.key()}, data({w.batch}, {w.time}, {w.width}))"
    )
