"""Arguments in ``*`` and ``**``: of cells, of their carries, of ``nn.RNN``."""

from __future__ import annotations

from pieces import cell_arguments, module_class, size_in_module
from writer import Writer, indented


def splat(w: Writer) -> None:
    """A cell, its carry or both are given a sequence or a mapping."""
    kind, value = w.dense(), w.hidden()
    name, size, cls = w.fresh("Splats"), size_in_module(w, value), w.cell(kind)
    fields, given, body = list(size.fields), list(size.given), list(size.before)
    gate, known, key = w.nn("hard_sigmoid"), w.fresh("KNOWN"), w.key()
    cell_way = w.one("dict", "literal", "merged", "field", "positions", "local", "changed", "none")
    carry_way = w.one("plain", "dict", "star", "star half", "literal", "local")
    w.tag(f"splat:{cell_way}/{carry_way}")
    match cell_way:
        case "dict":
            made = f"{cls}(**dict(gate_fn={gate}))"
        case "literal":
            made = f'{cls}(**{{"gate_fn": {gate}}})'
        case "merged":
            w.block(f'{known} = {{"gate_fn": {gate}}}')
            made = f'{cls}(**{{**{known}, "activation_fn": jnp.tanh}})'
        case "field":
            fields.append("options: Any")
            given.append(f'options={{"gate_fn": {gate}}}')
            made = f"{cls}(**self.options)"
        case "positions":
            made = f"{cls}(*({gate},))"
        case "local":
            body.append(f'options = {{"gate_fn": {gate}}}')
            made = f"{cls}(**options)"
        case "changed":
            body += ["options = {}", "if self.name is None:", f'    options["gate_fn"] = {gate}']
            made = f"{cls}(**options)"
        case _:
            made = f"{cls}({cell_arguments(w)})"
    receiver = w.one(cls, cls, "cell")
    match carry_way:
        case "dict":
            named = f"dict(rng={key}, batch_dims=x.shape[:-1], size={size.text})"
            call = f"{receiver}.initialize_carry(**{named})"
        case "star":
            body.append(f"given = ({key}, x.shape[:-1], {size.text})")
            call = f"{receiver}.initialize_carry(*given)"
        case "star half":
            call = f"{receiver}.initialize_carry({key}, *(x.shape[:-1], {size.text}))"
        case "literal":
            options = f'{{"size": {size.text}, "batch_dims": x.shape[:-1]}}'
            call = f"{receiver}.initialize_carry({key}, **{options})"
        case "local":
            body.append(f"start = dict(size={size.text})")
            call = f"{receiver}.initialize_carry({key}, x.shape[:-1], **start)"
        case _:
            call = f"{receiver}.initialize_carry({key}, x.shape[:-1], {size.text})"
    body += [f"cell = {made}", f"carry = {call}", "return cell(carry, x)"]
    lines = [*size.methods, f"@{w.nn('compact')}", "def __call__(self, x):", *indented(body)]
    module_class(w, name, fields, lines)
    w.probe.append(
        f'found["{name}"] = {name}({", ".join(given)})'
        f".init_with_output({w.key()}, data({w.batch}, {w.width}))"
    )


def splat_layer(w: Writer) -> None:
    """``nn.RNN`` is given a mapping, or is held in a partial."""
    kind, value = w.dense(), w.hidden()
    name, cls, rnn = w.fresh("Layer"), w.cell(kind), w.nn("RNN")
    made = f"{cls}({cell_arguments(w)})"
    way = w.one("all", "options", "size", "partial", "partial size", "positions", "function")
    w.tag(f"splat_layer:{way}")
    before: list[str] = []
    match way:
        case "all":
            layer = f'{rnn}(**{{"cell": {made}, "cell_size": self.n}})'
        case "options":
            options = w.fresh("OPTIONS")
            w.block(f'{options} = {{"reverse": True}}')
            layer = f"{rnn}({made}, self.n, **{options})"
        case "size":
            before = ["options = dict(cell_size=self.n)"]
            layer = f"{rnn}({made}, **options)"
        case "partial":
            w.need("import functools")
            layer = f"functools.partial({rnn}, reverse=True)({made}, self.n)"
        case "partial size":
            w.need("import functools")
            layer = f"functools.partial({rnn}, cell_size=self.n)({made})"
        case "positions":
            layer = f"{rnn}(*({made}, self.n))"
        case _:
            make = w.fresh("layer")
            w.block(f"def {make}(cell, size, **more):", f"    return {rnn}(cell, size, **more)")
            layer = f"{make}({made}, self.n, reverse=True)"
    body = [*before, f"return {layer}(xs)"]
    lines = [f"@{w.nn('compact')}", "def __call__(self, xs):", *indented(body)]
    module_class(w, name, [f"n: int = {value}"], lines)
    x = f"data({w.batch}, {w.time}, {w.width})"
    w.probe.append(f'found["{name}"] = {name}().init_with_output({w.key()}, {x})')
