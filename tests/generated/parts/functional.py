"""Cells without a module around them: init and apply in jax.lax loops, vmap and cond."""

from __future__ import annotations

from pieces import carry_call, cell_arguments
from writer import Writer


def functional(w: Writer) -> None:
    """A function that makes the carry, draws parameters and unrolls."""
    kind, value = w.dense(), w.hidden()
    name, cls = w.fresh("unroll"), w.cell(kind)
    arguments = cell_arguments(w)
    size = w.one("n", "n", str(value), "2 * (n // 2) + n % 2")
    receiver = w.one(cls, "cell", "cell")
    batch = w.one("(xs.shape[0],)", "xs.shape[:1]", "(len(xs),)")
    made = carry_call(w, receiver, w.key(), batch, size)
    way = w.one("scan", "fori", "while", "cond", "vmap", "partial", "grad", "throw_away")
    w.tag(f"functional:{way}")
    lines = [f"cell = {cls}({arguments})", f"carry = {made}"]
    lines.append(f"variables = cell.init({w.key()}, carry, xs[:, 0])")
    run = "cell.apply(variables, {}, {})"
    match way:
        case "scan":
            lines += ["def step(c, x):", "    return " + run.format("c", "x"), ""]
            lines.append("out = jax.lax.scan(step, carry, jnp.swapaxes(xs, 0, 1))")
        case "fori":
            step = run.format("c", "xs[:, i]")
            lines.append(f"out = jax.lax.fori_loop(0, 3, lambda i, c: {step}[0], carry)")
        case "while":
            lines += ["def body(state):", "    i, c = state"]
            lines += [f"    return i + 1, {run.format('c', 'xs[:, i]')}[0]", ""]
            lines.append("out = jax.lax.while_loop(lambda s: s[0] < 3, body, (0, carry))")
        case "cond":
            step = run.format("c", "xs[:, 0]")
            lines.append(f"out = jax.lax.cond(True, lambda c: {step}[0], lambda c: c, carry)")
        case "vmap":
            lines.append(f"out = jax.vmap(lambda c, x: {run.format('c', 'x')})(carry, xs[:, 0])")
        case "partial":
            w.need("import functools")
            lines.append("step = functools.partial(cell.apply, variables)")
            lines.append("out = step(carry, xs[:, 1])")
        case "grad":
            lines += [
                "def loss(variables):",
                f"    return {run.format('carry', 'xs[:, 0]')}[1].sum()",
            ]
            lines += ["", "out = jax.grad(loss)(variables)"]
        case _:
            made = carry_call(w, cls, w.key(), batch, size)
            lines = [f"carry = {made}"]
            lines.append(f"variables = {cls}({arguments}).init({w.key()}, carry, xs[:, 0])")
            lines.append(f"out = {cls}({arguments}).apply(variables, carry, xs[:, 1])")
    w.block(
        f"def {name}(xs, n):",
        *["    " + x if x else "" for x in lines],
        "    return out, variables",
    )
    w.probe.append(f'found["{name}"] = {name}(data({w.batch}, {w.time}, {w.width}), {value})')
