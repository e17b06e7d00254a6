"""What stands around modules: agents, arguments of a command line, coroutines, code never run."""

from __future__ import annotations

from pieces import carry_call, cell_arguments, module_class
from writer import Writer, indented


def agent(w: Writer) -> None:
    """A plain class that holds a cell, its size and its parameters."""
    kind, value = w.dense(), w.hidden()
    name, cls = w.fresh("Player"), w.cell(kind)
    way = w.one("attribute", "attribute", "class", "local", "given", "property", "dataclass")
    w.tag(f"agent:{way}")
    made, key = f"{cls}({cell_arguments(w)})", w.key()
    cell, given = "self.cell", [str(value)]
    size = w.one("self.n", "self.n", str(value))
    head = ["def __init__(self, n, x):", "    self.n = n", f"    self.cell = {made}"]
    tail = ["    self.carry = self.start(x.shape[0])"]
    tail += [f"    self.variables = {cell}.init({w.key()}, self.carry, x)", ""]
    extra: list[str] = []
    match way:
        case "class":
            cell = "type(self).cell"
            extra = [f"cell = {made}", ""]
            head, tail[1] = head[:2], tail[1].replace("self.cell", cell)
        case "given":
            head = ["def __init__(self, cell, n, x):", "    self.n = n", "    self.cell = cell"]
            given = [made, str(value)]
        case "property":
            head = head[:2]
            extra = ["@property", "def cell(self):", f"    return {made}", ""]
        case "local":
            head[2:] = [f"    cell = {made}", "    self.cell = cell"]
        case "dataclass":
            w.need("import dataclasses")
    receiver = w.one(cls, cell)
    call = carry_call(w, receiver, key, "(batch,)", size, drawn=False)
    start = ["def start(self, batch):", f"    return {call}", ""]
    act = ["def act(self, x):"]
    act += [f"    self.carry, y = {cell}.apply(self.variables, self.carry, x)", "    return y"]
    if way == "dataclass":
        w.block(
            "@dataclasses.dataclass",
            f"class {name}:",
            *indented(["n: int", f"cell: Any = {made}", "", *start]),
            *indented(["def act(self, x):", "    carry = self.start(x.shape[0])"]),
            f"        variables = self.cell.init({w.key()}, carry, x)",
            "        return self.cell.apply(variables, carry, x)",
        )
        w.probe.append(f'found["{name}"] = {name}({value}).act(data({w.batch}, {w.width}))')
        return
    w.block(f"class {name}:", *indented([*extra, *head, *tail, *start, *act]))
    w.probe += [
        f"x = data({w.batch}, {w.width})",
        f"player = {name}({', '.join(given)}, x)",
        f'found["{name}"] = player.act(x), player.carry, player.variables',
    ]


def command_line(w: Writer) -> None:
    """Sizes from ``argparse``, flags or the environment."""
    kind, value = w.dense(), w.hidden()
    name, cls, parse = w.fresh("Sized"), w.cell(kind), w.fresh("parse")
    way = w.one("argparse", "argparse", "environment", "defaults", "vars")
    w.tag(f"command_line:{way}")
    size = "args.hidden"
    match way:
        case "environment":
            w.need("import os")
            w.need("import types")
            hidden = f'int(os.environ.get("HIDDEN_OF_NO_ONE", "{value}"))'
            w.block(f"def {parse}():", f"    return types.SimpleNamespace(hidden={hidden})")
        case "defaults":
            w.need("import argparse")
            w.block(
                f"def {parse}(argv=()):",
                "    parser = argparse.ArgumentParser()",
                '    parser.add_argument("--hidden", type=int)',
                f"    parser.set_defaults(hidden={value})",
                "    return parser.parse_args(list(argv))",
            )
        case _:
            w.need("import argparse")
            w.block(
                f"def {parse}(argv=()):",
                "    parser = argparse.ArgumentParser()",
                f'    parser.add_argument("--hidden", type=int, default={value})',
                "    return parser.parse_args(list(argv))",
            )
    made, key = f"{cls}({cell_arguments(w)})", w.key()
    use = w.one("field", "global", "function", "layer")
    w.tag(f"command_line:{use}")
    x = f"data({w.batch}, {w.width})"
    if way == "vars":
        size = 'vars(args)["hidden"]'
    if use == "function":
        run = w.fresh("train")
        call = carry_call(w, w.one(cls, "cell"), key, "x.shape[:1]", size, drawn=False)
        lines = [f"cell = {made}", f"carry = {call}"]
        lines += [f"return carry, cell.init_with_output({w.key()}, carry, x)"]
        w.block(f"def {run}(args, x):", *indented(lines))
        w.probe.append(f'found["{run}"] = {run}({parse}(), {x})')
        return
    if use == "global":
        args = w.fresh("ARGS")
        w.block(f"{args} = {parse}()")
        size, fields, given = size.replace("args", args), [], ""
    else:
        fields, given = ["args: Any"], f"args={parse}()"
        size = size.replace("args", "self.args")
    call = carry_call(w, cls, key, "(x.shape[0],)", size, drawn=False)
    body = [f"carry = {call}", f"return {made}(carry, x)"]
    if use == "layer":
        body = [f"return {w.nn('RNN')}({made}, {size})(x)"]
        x = f"data({w.batch}, {w.time}, {w.width})"
    lines = [f"@{w.nn('compact')}", "def __call__(self, x):", *indented(body)]
    module_class(w, name, fields, lines)
    w.probe.append(f'found["{name}"] = {name}({given}).init_with_output({w.key()}, {x})')


def coroutine(w: Writer) -> None:
    """Cells in ``async`` functions, generators and decorated functions."""
    kind, value = w.dense(), w.hidden()
    name, cls = w.fresh("serve"), w.cell(kind)
    way = w.one("async", "async with", "async for", "generator", "cached", "wrapped", "jit")
    w.tag(f"coroutine:{way}")
    made, x = f"{cls}({cell_arguments(w)})", f"data({w.batch}, {w.width})"
    call = carry_call(w, w.one(cls, "cell"), w.key(), "(x.shape[0],)", "n", drawn=False)
    body = [f"cell = {made}", f"carry = {call}"]
    run = f"return carry, cell.init_with_output({w.key()}, carry, x)"
    w.need("import functools")
    match way:
        case "async":
            w.need("import asyncio")
            w.block(f"async def {name}(x, n):", *indented([*body, "await asyncio.sleep(0)", run]))
            w.probe.append(f'found["{name}"] = asyncio.run({name}({x}, {value}))')
        case "async with":
            w.need("import asyncio")
            w.need("import contextlib")
            lines = ["async with contextlib.AsyncExitStack() as n:", f"    n = {value}"]
            w.block(f"async def {name}(x):", *indented([*lines, *indented([*body, run])]))
            w.probe.append(f'found["{name}"] = asyncio.run({name}({x}))')
        case "async for":
            w.need("import asyncio")
            ticks = w.fresh("ticks")
            w.block(f"async def {ticks}():", "    yield 1", "    yield 2")
            lines = [*body, f"variables = cell.init({w.key()}, carry, x)"]
            lines += [f"async for _ in {ticks}():"]
            lines += ["    carry, y = cell.apply(variables, carry, x)", "return carry, y"]
            w.block(f"async def {name}(x, n):", *indented(lines))
            w.probe.append(f'found["{name}"] = asyncio.run({name}({x}, {value}))')
        case "generator":
            lines = [*body, f"variables = cell.init({w.key()}, carry, x)", "while True:"]
            lines += ["    carry, y = cell.apply(variables, carry, x)", "    yield carry, y"]
            w.block(f"def {name}(x, n):", *indented(lines))
            w.probe.append(f'found["{name}"] = next({name}({x}, {value}))')
        case "cached":
            make = w.fresh("cell_of")
            w.block("@functools.lru_cache(maxsize=None)", f"def {make}():", f"    return {made}")
            body[0] = f"cell = {make}()"
            w.block(f"def {name}(x, n):", *indented([*body, run]))
            w.probe.append(f'found["{name}"] = {name}({x}, {value})')
        case "wrapped":
            logged = w.fresh("logged")
            w.block(
                f"def {logged}(f):",
                "    @functools.wraps(f)",
                "    def inner(*args, **kwargs):",
                "        return f(*args, **kwargs)",
                "",
                "    return inner",
            )
            w.block(f"@{logged}", f"def {name}(x, n):", *indented([*body, run]))
            w.probe.append(f'found["{name}"] = {name}({x}, n={value})')
        case _:
            w.block(
                "@functools.partial(jax.jit, static_argnums=1)",
                f"def {name}(x, n):",
                *indented([*body, run]),
            )
            w.probe.append(f'found["{name}"] = {name}({x}, {value})')


def annotated(w: Writer) -> None:
    """Type comments, quoted annotations, annotated assignments, conditional imports."""
    kind, value = w.dense(), w.hidden()
    name, cls = w.fresh("Typed"), w.cell(kind)
    way = w.one("comment", "ignore", "quoted", "assigned", "checking", "cast", "overload")
    w.tag(f"annotated:{way}")
    made, key = f"{cls}({cell_arguments(w)})", w.key()
    call = carry_call(w, w.one(cls, "cell"), key, "(x.shape[0],)", "self.n", drawn=False)
    body = [f"cell = {made}", f"carry = {call}", "return cell(carry, x)"]
    head = "def __call__(self, x):"
    match way:
        case "comment":
            body[0] += f"  # type: {cls}"
            body[1] += "  # type: Any"
        case "ignore":
            body[0] += "  # type: ignore[call-arg]  # noqa: E501"
            body[1] += "  # pragma: no cover"
        case "quoted":
            head = f'def __call__(self, x: "jax.Array") -> "tuple[Any, {cls}]":'
        case "assigned":
            body[0] = body[0].replace("cell =", f"cell: {cls} =", 1)
            body[1] = body[1].replace("carry =", 'carry: "Any" =', 1)
        case "checking":
            w.need("from typing import TYPE_CHECKING")
            checked = ["if TYPE_CHECKING:", "    from flax.linen import GRUCell as Checked", ""]
            w.block(*checked, f"Known{name} = 1")
            w.probe.append(f"Known{name}")
            head = 'def __call__(self, x: "Checked"):'
        case "cast":
            w.need("from typing import cast")
            body[0] = f"cell = cast(Any, {made})"
        case _:
            head = "def __call__(self, x: Any, /, *rest: Any, **more: Any) -> Any:"
    lines = [f"@{w.nn('compact')}", head, *indented(body)]
    module_class(w, name, [f"n: int = {value}"], lines)
    w.probe.append(
        f'found["{name}"] = {name}().init_with_output({w.key()}, data({w.batch}, {w.width}))'
    )


def never_run(w: Writer) -> None:
    """Code that was broken before, or that belongs to an older API; nobody calls it."""
    kind, value = w.dense(), w.hidden()
    name, cls = w.fresh("old"), w.cell(kind)
    way = w.one("argument", "features", "pre-linen", "main", "few", "many", "undefined")
    w.tag(f"never_run:{way}")
    call = carry_call(w, cls, w.key(), "(2,)", str(value), drawn=False)
    body = {
        "argument": [f"cell = {cls}(hidden_size={value})", f"return cell({call}, x)"],
        "features": [f"return {cls}(num_features={value})({call}, x)"],
        "pre-linen": [
            "from flax import nn as old_nn",
            "cell = old_nn.LSTMCell.partial(name='cell')",
            f"return cell({call}, x)",
        ],
        "few": [f"return {cls}()({cls}.initialize_carry({w.key()}), x)"],
        "many": [f"return {cls}.initialize_carry({w.key()}, (2,), {value}, None, 3)"],
        "undefined": [f"return {cls}.initialize_carry({w.key()}, (2,), size_of_no_one)"],
    }.get(way)
    if body:
        w.block(f"def {name}(x):", *indented(body))
    else:
        lines = ["    cell = " + f"{cls}()", f"    carry = {call}", "    print(cell, carry)"]
        w.block(f"{name} = 1", 'if __name__ == "__main__":', *lines)
    w.probe.append(f'found["{name}"] = {name} is not None')


def init_passed(w: Writer) -> None:
    """A function or a method that passes an ``init_fn`` on."""
    kind, value = w.dense(), w.hidden()
    name, cls, start = w.fresh("Passes"), w.cell(kind), w.fresh("start")
    zeros, ones = w.nn("initializers.zeros"), w.nn("initializers.ones")
    way = w.one("default", "given", "field", "keyword", "optional", "splat")
    w.tag(f"init_passed:{way}")
    key, made = w.key(), f"{cls}({cell_arguments(w)})"
    fields, given = [f"n: int = {value}"], ""
    call = f"{start}({key}, (x.shape[0],), self.n)"
    match way:
        case "default" | "given":
            head = f"def {start}(key, batch, n, init_fn={zeros}):"
            w.block(head, f"    return {cls}.initialize_carry(key, batch, n, init_fn)")
            if way == "given":
                call = call[:-1] + f", {w.one('', 'init_fn=')}{ones})"
        case "keyword":
            head = f"def {start}(key, batch, n, init={zeros}):"
            w.block(head, f"    return {cls}.initialize_carry(key, batch, n, init_fn=init)")
            call = call[:-1] + f", init={ones})"
        case "field":
            fields.append(f"init_fn: Any = {ones}")
            call = f"{cls}.initialize_carry({key}, (x.shape[0],), self.n, self.init_fn)"
            given = w.one("", f"init_fn={zeros}")
        case "optional":
            head = f"def {start}(key, batch, n, init_fn=None):"
            chosen = f"init_fn or {ones}"
            w.block(head, f"    return {cls}.initialize_carry(key, batch, n, {chosen})")
        case _:
            head = f"def {start}(key, batch, n, **more):"
            w.block(head, f"    return {cls}.initialize_carry(key, batch, n, **more)")
            call = call[:-1] + f", init_fn={ones})"
    body = [f"carry = {call}", f"return carry, {made}(carry, x)"]
    lines = [f"@{w.nn('compact')}", "def __call__(self, x):", *indented(body)]
    module_class(w, name, fields, lines)
    w.probe.append(
        f'found["{name}"] = {name}({given}).init_with_output({w.key()}, data({w.batch}, {w.width}))'
    )
