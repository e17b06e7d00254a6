"""Builds the modules of one file, with inputs that they accept, and runs them.

``python rnn_codemod_build.py FILE find TARGETS``: TARGETS is JSON, by class or variable the methods
that changed. Fitting fields and inputs are looked for, and what was found is run and recorded.

``python rnn_codemod_build.py FILE run PLANS``: what was found, a JSON file, is run again.
"""

import inspect
import itertools
import json
import re
import sys
import time

import rnn_codemod_recorder
import rnn_codemod_values as values
from rnn_codemod_probe import load
from rnn_codemod_recorder import record

SECONDS, TRIES = 30, 400
"""So long, and so many times, fitting inputs of one method are looked for."""


def main():
    file, what, given = sys.argv[1:]
    if what == "run":
        with open(given, encoding="utf-8") as plans:
            run_again(file, json.load(plans))
        return
    targets = json.loads(given)
    try:
        module = load(file)
    except BaseException as error:
        for name in targets:
            unbuilt(name, f"its file cannot be imported: {told(error)}")
        return
    for name, methods in targets.items():
        build(module, name, methods)


def run_again(file, plans):
    try:
        module = load(file)
    except BaseException as error:
        for plan in plans:
            record.line("failed", plan=plan, reason=told(error))
        return
    for plan in plans:
        try:
            run(module, plan)
        except Exception as error:
            record.line("failed", plan=plan, reason=told(error))


def unbuilt(name, reason):
    record.line("unbuilt", name=name, reason=reason)


def told(error):
    lines = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {lines[0][:120]}".rstrip(": ")


def build(module, name, methods):
    import flax.linen as nn

    thing = getattr(module, name, None)
    cls = thing if isinstance(thing, type) else type(thing)
    if not issubclass(cls, nn.Module):
        unbuilt(name, "it is no module of flax")
        return
    calls = ["__call__"] if any("__call__" in vars(base) for base in cls.__mro__) else []
    own = [method for method in methods if is_own(cls, method)]
    for method in calls + own:
        code = getattr(inspect.unwrap(getattr(cls, method)), "__code__", None)
        if method != "__call__" and rnn_codemod_recorder.is_noted(code):
            continue
        try:
            for plan in find_plans(module, name, cls, method):
                run(module, plan)
                record.line("built", plan=plan, words=in_words(plan))
        except LookupError as error:
            unbuilt(name, error.args[0])
        except Exception as error:
            unbuilt(name, f"{method} fails: {told(error)}")


def is_own(cls, method):
    known = method in vars(cls) and method not in ("setup", "__call__") and method[:2] != "__"
    return known and callable(getattr(cls, method))


def find_plans(module, name, cls, method):
    """For each way to fill the fields, the first guess that the method accepts, or LookupError."""
    static = is_static(cls, method)
    made = isinstance(getattr(module, name), cls)
    for ways in [[{}]] if static or made else values.fields(cls):
        yield find_plan(module, {"name": name, "method": method, "static": static}, cls, ways)


def find_plan(module, plan, cls, ways):
    first, ends = None, time.monotonic() + SECONDS
    for chosen in ways:
        names, guesses = values.arguments(cls, plan["method"], chosen)
        for guess in itertools.islice(guesses, TRIES):
            plan.update(fields=chosen, arguments=dict(zip(names, guess)))
            try:
                with rnn_codemod_recorder.paused():
                    try_out(module, plan)
                return plan
            except Exception as error:
                first = first or error
            if time.monotonic() > ends:
                break
    reason = f"no inputs of {plan['method']} were found that it accepts: {told(first)}"
    raise LookupError(reason)


def is_static(cls, method):
    return isinstance(inspect.getattr_static(cls, method), (staticmethod, classmethod))


def try_out(module, plan):
    import jax

    model, call = prepared(module, plan)
    if plan["static"]:
        call()
    else:
        jax.eval_shape(lambda: call(model.init))


def prepared(module, plan):
    """The model, and a function that calls the method by ``init`` or ``apply``."""
    thing, method = getattr(module, plan["name"]), plan["method"]
    cls = thing if isinstance(thing, type) else type(thing)
    inputs = {name: values.make(value) for name, value in plan["arguments"].items()}
    if method == "initialize_carry" and is_cell(cls) and not is_static(cls, method):
        if "size" in inputs:  # The API before: the refactored one has a field and a shape instead.
            shape = (*inputs["batch_dims"], inputs["size"])
            model = made(cls, plan, inputs["size"])
            return None, lambda: model.initialize_carry(inputs["rng"], shape)
    if plan["static"]:
        return None, lambda: getattr(cls, method)(**inputs)
    model = thing if thing is not cls else made(cls, plan, width(inputs))
    rngs, how = streams(cls), getattr(cls, method)
    return model, lambda by: by(rngs, method=how, **inputs)


def made(cls, plan, size):
    fields = {name: values.make(value) for name, value in plan["fields"].items()}
    if is_cell(cls) and "features" in values.required(cls) and "features" not in fields:
        fields["features"] = size
    return cls(**fields)


def width(inputs):
    import jax

    arrays = jax.tree_util.tree_leaves(list(inputs.values())[:1])
    return arrays[0].shape[-1] if arrays and getattr(arrays[0], "ndim", 0) else None


def is_cell(cls):
    return any(base.__name__ == "RNNCellBase" for base in cls.__mro__)


def streams(cls):
    """A key for each stream of random numbers that the file of the class asks for."""
    import jax

    try:
        with open(inspect.getsourcefile(cls), encoding="utf-8") as file:
            asked = re.findall(r"make_rng\(\s*['\"](\w+)", file.read())
    except (OSError, TypeError, ValueError):
        asked = []
    names = sorted({"params", "dropout", *asked})
    return {name: jax.random.PRNGKey(at) for at, name in enumerate(names)}


def run(module, plan):
    import jax
    import numpy as np

    model, call = prepared(module, plan)
    if model is None:
        label = f"{plan['name']}.{plan['method']}"
        rnn_codemod_recorder.emit("probe", (label, "", "built", ""), {"result": call()})
        return
    variables = call(model.init)
    random = np.random.RandomState(11)

    def moved(leaf):
        # Biases are drawn as zeros, and would hide where they go.
        return leaf + (0.1 * random.randn(*leaf.shape)).astype(leaf.dtype)

    variables = jax.tree_util.tree_map(moved, dict(variables))
    others = [name for name in variables if name != "params"]

    def apply(rngs, **inputs):
        return model.apply(variables, rngs=rngs, mutable=others or False, **inputs)

    call(apply)


def in_words(plan):
    filled = ", ".join(f"{name}={values.in_words(it)}" for name, it in plan["fields"].items())
    given = ", ".join(f"{name}: {values.in_words(it)}" for name, it in plan["arguments"].items())
    called = "" if plan["method"] == "__call__" else "." + plan["method"]
    made = plan["name"] if plan["static"] else f"{plan['name']}({filled})"
    return f"{made}{called}({given})"


if __name__ == "__main__":
    main()
