"""Python around the cells: closures, lambdas, branches, handlers, names bound in odd places."""

from __future__ import annotations

from pieces import Size, batch_of, carry_call, cell_arguments, module_class, size_in_module
from writer import PAIRS, Writer, indented


def _module(
    w: Writer, name: str, size: Size, body: list[str], more: list[str] | None = None
) -> None:
    call = [f"@{w.nn('compact')}", "def __call__(self, x):", *indented(body)]
    module_class(w, name, size.fields, [*size.methods, *(more or []), *call])
    w.probe.append(
        f'found["{name}"] = {name}({", ".join(size.given)})'
        f".init_with_output({w.key()}, data({w.batch}, {w.width}))"
    )


def closure(w: Writer) -> None:
    """The carry and the cell in functions within the method, or in lambdas."""
    kind, value = w.dense(), w.hidden()
    name, size, cls = w.fresh("Nested"), size_in_module(w, value), w.cell(kind)
    before, batch = batch_of(w, "x", 1)
    made = carry_call(w, cls, w.key(), batch, size.text)
    cell = f"{cls}({cell_arguments(w)})"
    way = w.one("start", "step", "both", "lambda", "default", "later", "inner_class", "generator")
    w.tag(f"closure:{way}")
    head = [*size.before, *before]
    match way:
        case "start":
            body = [*head, "def start():", f"    return {made}", "", f"return {cell}(start(), x)"]
        case "step":
            body = [*head, f"carry = {made}", "def step(carry):", f"    return {cell}(carry, x)"]
            body += ["", "return step(carry)"]
        case "both":
            body = [*head, "def run(n):", f"    carry = {made}", f"    cell = {cell}"]
            body += ["    for _ in range(n):", "        carry, y = cell(carry, x)"]
            body += ["    return carry, y", "", "return run(2)"]
        case "lambda":
            body = [*head, f"start = lambda: {made}", f"apply = lambda carry: {cell}(carry, x)"]
            body.append("return apply(start())")
        case "default":
            made = carry_call(w, cls, "key", batch, "n")
            body = [*head, f"def start(key={w.key()}, n={size.text}):", f"    return {made}", ""]
            body += ["carry = start()", f"return {cell}(carry, x)"]
        case "later":
            body = [*head, f"cell = {cell}", "def advance(carry):"]
            body += ["    carry, y = cell(carry, x)", "    return carry, jnp.tanh(y)", ""]
            body += [f"carry = {made}", "return advance(carry)"]
        case "inner_class":
            made = carry_call(w, cls, w.key(), "(x.shape[0],)", str(value))
            body = ["class Start:", "    def of(self, x):", f"        return {made}", ""]
            body += ["carry = Start().of(x)", f"return {cell}(carry, x)"]
        case _:
            body = [*head, "def carries():", f"    yield {made}", f"    yield {made}", ""]
            body += [f"cell = {cell}", "return [cell(carry, x) for carry in carries()]"]
    _module(w, name, size, body)


def branches(w: Writer) -> None:
    """Early returns, handlers, ``with``, ``match``, walruses, conditional expressions, ``del``."""
    kind, value = w.dense(), w.hidden()
    name, size, cls = w.fresh("Branching"), size_in_module(w, value), w.cell(kind)
    before, batch = batch_of(w, "x", 1)
    made = carry_call(w, cls, w.key(), batch, size.text)
    cell = f"{cls}({cell_arguments(w)})"
    head = [*size.before, *before]
    ways = ["early", "try", "with", "match", "walrus", "walrus_cell", "one_line", "del", "else"]
    way = w.one(*ways, "assert", "swapped", "twice", "while", "starred", "chained")
    w.tag(f"branch:{way}")
    match way:
        case "early":
            body = [*head, f"carry = {made}", "if x.shape[0] > 99:", "    return carry, x"]
            body += [f"carry, y = {cell}(carry, x)", "return carry, y"]
        case "try":
            body = [*head, "try:", f"    carry = {made}", "    raise ValueError(1)"]
            body += ["except ValueError as error:", "    x = x + error.args[0]", "finally:"]
            body += [f"    out = {cell}(carry, x)", "return out"]
        case "with":
            w.need("import contextlib")
            body = [*head, f"with contextlib.nullcontext({size.text}) as n:"]
            body.append(f"    carry = {carry_call(w, cls, w.key(), batch, 'n')}")
            body += ["with jax.named_scope('step'), contextlib.nullcontext() as n:"]
            body += [f"    out = {cell}(carry, x)", "return out, n is None and 1"]
        case "match":
            body = [*head, "match x.ndim:", "    case 2:", f"        carry = {made}"]
            body += ["    case n if n > 2:", "        carry = None", "    case _:"]
            body += ["        raise ValueError", f"return {cell}(carry, x)"]
        case "walrus":
            body = [*head, f"if (carry := {made}) is not None:", f"    out = {cell}(carry, x)"]
            body.append("return out")
        case "walrus_cell":
            body = [*head, f"carry, y = (cell := {cell})({made}, x)", "return cell(carry, x)"]
        case "one_line":
            body = [*head, f"carry = {made}; cell = {cell}; out = cell(carry, x)", "return out"]
        case "del":
            body = [*head, f"start = {made}", "carry = start", "del start"]
            body.append(f"return {cell}(carry, x)")
        case "else":
            body = [*head, "if x.shape[0] == 99:", f"    carry = {made}", "else:"]
            body += [f"    carry = {made}", f"carry, y = {cell}(carry, x)", "return carry, y"]
        case "assert":
            body = [*head, f"cell = {cell}", f"assert {size.text} > 0", f"carry = {made}"]
            body.append("return cell(carry, x)")
        case "swapped":
            body = [*head, f"cell, carry = {cell}, {made}", "return cell(carry, x)"]
        case "twice":
            other = carry_call(w, cls, w.key(), batch, str(value + 2))
            body = [*head, f"a, b = {made}, {other}", f"return {cell}(a, x), {cls}()(b, x)"]
        case "while":
            body = [
                *head,
                f"carry, cell, left = {made}, {cell}, 2",
                "while (left := left - 1) >= 0:",
            ]
            body += ["    carry, y = cell(carry, x)", "return carry, y"]
        case "starred":
            body = [*head, f"carry, *rest = {made}, 1, 2", f"return {cell}(carry, x), rest"]
        case _:
            body = [*head, f"old = carry = {made}", f"carry, y = {cell}(carry, x)"]
            body.append("return old, carry, y")
    _module(w, name, size, body)


def changed(w: Writer) -> None:
    """The size or the carry is another one where the cell is built or applied."""
    kind, value = w.dense(), w.hidden()
    name, size, cls = w.fresh("Changing"), size_in_module(w, value, local=False), w.cell(kind)
    cell = f"{cls}({cell_arguments(w)})"
    ways = ["tiled", "joined", "layer", "cut", "mapped", "flat", "added", "masked", "rows"]
    way = w.one(*ways, "nonlocal", "loop", "alias", "attribute", "counted", "reassigned", "moved")
    w.tag(f"changed:{way}")
    made = carry_call(w, cls, w.key(), "(x.shape[0],)", size.text)
    built, run = f"cell = {cell}", "return cell(carry, x)"
    over = "carry = jax.tree_util.tree_map({}, carry)"
    body = [built, f"carry = {made}"]
    if w.maybe():
        body = [f"carry = {made}"]
        run = f"return {cell}(carry, x)"
    if w.maybe():
        body.reverse()
    match way:
        case "tiled":
            body.append(
                over.format(f"lambda a: jnp.{w.one('tile(a, (1, 2))', 'repeat(a, 2, -1)')}")
            )
        case "joined":
            body.append(over.format("lambda a: jnp.concatenate([a, a, a], axis=-1)"))
        case "layer":
            dense = w.nn("Dense")
            body.append(over.format(f"{dense}({w.one(4, 9)})"))
        case "cut":
            body.append(over.format("lambda a: a[:, :4]"))
        case "mapped":
            function = w.fresh("wider")
            w.block(f"def {function}(a):", "    b = a * 2", "    return jnp.hstack([a, b])")
            body.append(over.format(function))
        case "flat":
            body.append(over.format("lambda a: a.reshape(a.shape[0], -1)"))
        case "added":
            body.append(over.format("lambda a: a + jnp.sum(x)"))
        case "masked":
            body.append("alive = x[:, :1] > 0")
            body.append(over.format("lambda a: jnp.where(alive, a, 0.5)"))
        case "rows":
            body.append(over.format("lambda a: jnp.concatenate([a, a])[::2][: x.shape[0]]"))
        case "nonlocal":
            call = carry_call(w, "cell", w.key(), "(x.shape[0],)", "n")
            body = [f"n = {value}", "def grow():", "    nonlocal n", "    n = n + 2", ""]
            body += [built, "grow()", f"carry = {call}"]
            run = "return cell(carry, x)"
        case "loop":
            call = carry_call(w, "cell", w.key(), "(x.shape[0],)", "n")
            body = [f"n = {value}", built, "for n in (6, 8):", "    pass", f"carry = {call}"]
            run = "return cell(carry, x)"
        case "alias":
            call = carry_call(w, w.one("cell", cls), w.key(), "(x.shape[0],)", 'sizes["n"]')
            body = [f'sizes = {{"n": {value}}}', "others = sizes", built, 'others["n"] = 8']
            body.append(f"carry = {call}")
            run = "return cell(carry, x)"
        case "attribute":
            config = w.fresh("settings")
            w.need("import types")
            w.block(f"{config} = types.SimpleNamespace(n={value})")
            call = carry_call(w, w.one("cell", cls), w.key(), "(x.shape[0],)", f"{config}.n")
            body = [built, f"{config}.n = 8", f"carry = {call}"]
            run = "return cell(carry, x)"
        case "counted":
            seen, ask = w.fresh("seen"), w.fresh("ask")
            w.block(f"{seen} = []")
            w.block(f"def {ask}(n):", f"    {seen}.append(n)", f"    return n + len({seen})")
            w.probe.append(f"{seen}.clear()")
            call = carry_call(w, w.one("cell", cls), w.key(), "(x.shape[0],)", f"{ask}({value})")
            body = [built, f"carry = {call}"]
            run = f"return cell(carry, x), len({seen})"
        case "reassigned":
            call = carry_call(w, w.one("cell", cls), w.key(), "(x.shape[0],)", "n")
            body = [f"n = {value}", f"cell = {cell}", "n = n + 2", f"carry = {call}", "n = 4"]
            run = "return cell(carry, x)"
        case _:
            body = [f"start = {made}", built, "carry = start"]
            body.append(over.format("lambda a: jnp.zeros((a.shape[0], 9)) + a[:, :1]"))
            run = "return cell(carry, x)"
    if "cell(" in run and run.startswith("return cell") and built not in body:
        body.insert(0, built)
    if kind in PAIRS and "counted" not in way and w.maybe():
        run = run.replace("return ", "out = ", 1)
        body += [run]
        run = "return out"
    _module(w, name, size, [*body, run])


def records(w: Writer) -> None:
    """A carry within a record: NamedTuple, dataclass of flax, dict, list, attribute of self."""
    kind, value = w.dense(), w.hidden()
    name, size, cls = w.fresh("Recording"), size_in_module(w, value, local=False), w.cell(kind)
    record = w.fresh("State")
    made = carry_call(w, cls, w.key(), "(batch,)", size.text)
    way = w.one("named_tuple", "struct", "dict", "list", "tuple", "pair")
    w.tag(f"record:{way}")
    cell = w.one(f"{cls}({cell_arguments(w)})", "self.cell")
    match way:
        case "named_tuple":
            w.need("from typing import NamedTuple")
            w.block(f"class {record}(NamedTuple):", "    core: Any", "    steps: Any")
            new, core = f"{record}({{0}}, {{1}})", "state.core"
            steps = "state.steps"
        case "struct":
            w.need("import flax")
            w.block("@flax.struct.dataclass", f"class {record}:", "    core: Any", "    steps: Any")
            new, core = f"{record}(core={{0}}, steps={{1}})", "state.core"
            steps = "state.steps"
        case "dict":
            new, core, steps = "dict(core={0}, steps={1})", 'state["core"]', 'state["steps"]'
        case "list":
            new, core, steps = "[{0}, {1}]", "state[0]", "state[1]"
        case "tuple":
            new, core, steps = "({0}, {1})", "state[0]", "state[1]"
        case _:
            new, core, steps = "({0}, {1})", "core", "steps"
    body = ["core, steps = state"] if way == "pair" else []
    body += [f"new, y = {cell}({core}, x)", f"return y, new, {steps} + 1"]
    setup = ["def setup(self):", f"    self.cell = {cls}({cell_arguments(w)})", ""]
    begin = ["def begin(self, batch):", f"    return {new.format(made, 0)}", ""]
    call = ["def __call__(self, x, state=None):", "    if state is None:"]
    call += ["        state = self.begin(x.shape[0])", *indented(body)]
    if cell != "self.cell":
        setup, call = [], [f"@{w.nn('compact')}", *call]
    module_class(w, name, size.fields, [*size.methods, *setup, *begin, *call])
    w.probe.append(
        f'found["{name}"] = {name}({", ".join(size.given)})'
        f".init_with_output({w.key()}, data({w.batch}, {w.width}))"
    )
