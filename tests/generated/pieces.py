"""Expressions that several parts of the grammar share: sizes, batch axes, carry calls, cells."""

from __future__ import annotations

from dataclasses import dataclass, field

from writer import Writer


@dataclass
class Size:
    """A width as a module's method writes it, and what that needs elsewhere."""

    text: str
    value: int
    fields: list[str] = field(default_factory=list)
    before: list[str] = field(default_factory=list)
    """Lines of the method that must come first."""
    given: list[str] = field(default_factory=list)
    """Keyword arguments of the module's constructor."""
    methods: list[str] = field(default_factory=list)


def size_in_module(w: Writer, value: int, *, local: bool = True) -> Size:
    """A size for a method of a module; names of the method itself only where ``local``."""
    ways = ["literal", "field", "field", "default", "constant", "config", "sizes", "sum", "half"]
    ways += ["property", "table"]
    if local:
        ways += ["name", "name", "rebound"]
    way = w.one(*ways)
    w.tag(f"size:{way}")
    attr = w.fresh(w.one("hidden", "features", "size", "n"))
    match way:
        case "literal":
            return Size(str(value), value)
        case "field":
            return Size(f"self.{attr}", value, [f"{attr}: int"], given=[f"{attr}={value}"])
        case "default":
            return Size(f"self.{attr}", value, [f"{attr}: int = {value}"])
        case "constant":
            name = w.fresh("HIDDEN")
            w.block(f"{name} = {value}")
            return Size(name, value)
        case "config":
            w.need("import dataclasses")
            cls = w.fresh("Config")
            w.block(
                "@dataclasses.dataclass(frozen=True)", f"class {cls}:", f"    width: int = {value}"
            )
            return Size(f"self.{attr}.width", value, [f"{attr}: Any"], given=[f"{attr}={cls}()"])
        case "sizes":
            return Size(f"self.{attr}[1]", value, [f"{attr}: Any"], given=[f"{attr}=(4, {value})"])
        case "table":
            return Size(
                f'self.{attr}["n"]', value, [f"{attr}: Any"], given=[f'{attr}={{"n": {value}}}']
            )
        case "sum":
            return Size(f"self.{attr} + 2", value, [f"{attr}: int"], given=[f"{attr}={value - 2}"])
        case "half":
            return Size(f"self.{attr} // 2", value, [f"{attr}: int"], given=[f"{attr}={2 * value}"])
        case "property":
            name = w.fresh("width")
            return Size(
                f"self.{name}",
                value,
                [f"{attr}: int = {value}"],
                methods=["@property", f"def {name}(self):", f"    return self.{attr}", ""],
            )
        case "name":
            return Size(
                attr, value, [f"{attr}_: int"], [f"{attr} = self.{attr}_"], [f"{attr}_={value}"]
            )
        case _:
            return Size(attr, value, before=[f"{attr} = {value - 3}", f"{attr} += 3"])


def batch_of(w: Writer, x: str, lead: int) -> tuple[list[str], str]:
    """Lines and an expression for the batch axes of ``x``: ``lead`` of them."""
    ways = [([], f"{x}.shape[:-1]"), ([], f"{x}.shape[:{lead}]"), ([], f"tuple({x}.shape[:-1])")]
    if lead == 1:
        name = w.fresh("b")
        ways += [
            ([], f"({x}.shape[0],)"),
            ([], f"({x}.shape[0],)"),
            ([], f"(len({x}),)"),
            ([], f"({x}.shape[-2],)"),
            ([f"{name} = {x}.shape[0]"], f"({name},)"),
            ([f"{name}, _ = {x}.shape"], f"({name},)"),
            ([f"{name} = ({x}.shape[0],)"], name),
            ([], f"(*{x}.shape[:1],)"),
            ([], f"{x}.shape[0:1]"),
        ]
    if lead == 2:
        name = w.fresh("b")
        ways += [
            ([], f"({x}.shape[0], {x}.shape[1])"),
            ([f"{name}, t_{name}, _ = {x}.shape"], f"({name}, t_{name})"),
            ([], f"({x}.shape[0],) + ({x}.shape[1],)"),
        ]
    return w.one(*ways)


def initializer(w: Writer) -> str:
    """An ``init_fn`` of the legacy signature ``(key, shape)``."""
    way = w.one("ones", "normal", "lambda", "function", "jax")
    w.tag(f"init_fn:{way}")
    match way:
        case "ones":
            return w.nn("initializers.ones")
        case "normal":
            return w.nn("initializers.normal(0.5)")
        case "jax":
            return "jax.nn.initializers.uniform(0.3)"
        case "lambda":
            return w.one(
                "lambda k, s: jnp.ones(s) * 2", "lambda key, shape: jax.random.normal(key, shape)"
            )
        case _:
            name = w.fresh("noise")
            w.block(f"def {name}(key, shape):", "    return 0.1 * jax.random.normal(key, shape)")
            return name


def carry_call(
    w: Writer, receiver: str, key: str, batch: str, size: str, *, drawn: bool = True
) -> str:
    """``receiver.initialize_carry(...)`` in the legacy form, positional, by keyword or mixed."""
    init = initializer(w) if drawn and w.one(*range(6)) == 0 else None
    names = ("rng", "batch_dims", "size", "init_fn")
    values = [key, batch, size] + ([init] if init else [])
    positional = w.one(4, 4, 4, 4, 2, 1, 0)
    parts = [
        value if index < positional else f"{name}={value}"
        for index, (name, value) in enumerate(zip(names, values, strict=False))
    ]
    if positional == 0:
        w.random.shuffle(parts)
    return f"{receiver}.initialize_carry({', '.join(parts)})"


def cell_arguments(w: Writer, name: str = "") -> str:
    """Arguments of a dense cell's legacy constructor."""
    parts = []
    way = w.one("", "", "", "", "gate", "gates", "kernel", "dtype", "splat", "bfloat16")
    if way:
        w.tag(f"cell:{way}")
    match way:
        case "gate":
            parts.append(w.nn("hard_sigmoid"))
        case "gates":
            parts += [w.nn("sigmoid"), w.one(w.nn("relu"), "jnp.tanh", "lambda v: jnp.tanh(v)")]
        case "kernel":
            parts.append(f"kernel_init={w.nn('initializers.normal(0.3)')}")
        case "dtype":
            parts.append("dtype=jnp.float32")
        case "bfloat16":
            normal = w.nn("initializers.normal(0.2)")
            parts += ["param_dtype=jnp.bfloat16", f"recurrent_kernel_init={normal}"]
        case "splat":
            options = w.fresh("OPTIONS")
            w.block(f'{options} = {{"gate_fn": {w.nn("hard_sigmoid")}}}')
            parts.append(f"**{options}")
    if name:
        parts.insert(0 if not parts or "=" in parts[0] or way == "splat" else len(parts), name)
    return ", ".join(parts)


def name_argument(w: Writer) -> str:
    """Nothing, or a ``name=`` that no other cell has."""
    name = w.fresh("rnn")
    return w.one("", "", "", f'name="{name}"', f'name=f"{name}_{{1}}"')


def module_class(
    w: Writer, name: str, fields: list[str], methods: list[str], base: str = ""
) -> None:
    """A ``class`` block; fields without a default come first, as dataclasses want it."""
    body = sorted(dict.fromkeys(fields), key=lambda line: "=" in line)
    if body:
        body.append("")
    if w.maybe():
        body = ['"""A part of the program."""', "", *body]
    w.block(f"class {name}({base or w.nn('Module')}):", *_indented([*body, *methods]))


def _indented(lines: list[str]) -> list[str]:
    while lines and not lines[-1]:
        lines = lines[:-1]
    return ["    " + line if line else "" for line in lines]
