"""Values that a module may accept: guessed from names, annotations and what its code reads.

A value is written as data, ``[kind, ...]``, so that both sides of a comparison can make the same
one. A guess need not be what the user would pass: the same value goes in on both sides, and one
that the module does not accept is not used.
"""

import ast
import inspect
import itertools
import re
import textwrap

BATCH, TIME, PIXELS, WIDTH = 3, 7, 8, 5
"""No axis of 2: an array of two rows would pass for the pair that is the carry of an LSTM."""
SIZES = (4, 6, 9, 10, 12)
"""For fields that are integers; no two alike, so that a mix-up shows."""

_STATE = re.compile(r"carry|state|hidden|memory|lstm|rnn|^[hc]x?$|^[hc]_?\d$")
_NUMBER = re.compile(r"size$|dims?$|shape$|^n_|^num_")
_COUNT = re.compile(
    r"hidden|feature|size|dim|unit|width|channel|num|length|^n_|^n$|vocab|class|out"
)


def make(value):
    """The value that the data describe."""
    import flax.linen as nn
    import jax
    import jax.numpy as jnp
    import numpy as np

    kind, rest = value[0], value[1:]
    if kind == "plain":
        return tuple(rest[0]) if isinstance(rest[0], list) else rest[0]
    if kind == "tuple":
        return tuple(make(each) for each in rest)
    if kind == "key":
        return jax.random.PRNGKey(7)
    if kind == "dtype":
        return jnp.float32
    if kind == "function":
        return jnp.tanh
    if kind == "initializer":
        return nn.initializers.lecun_normal()
    random, shape = np.random.RandomState(rest[1]), tuple(rest[0])
    if kind == "int":
        return jnp.asarray(random.randint(1, 4, shape), "int32")
    if kind == "bool":
        return jnp.asarray(random.rand(*shape) < 0.5)
    return jnp.asarray(random.randn(*shape), "float32")


def in_words(value):
    """The value as a reader wants to see it."""
    kind, rest = value[0], value[1:]
    if kind == "plain":
        return repr(rest[0])
    if kind == "tuple":
        return "({})".format(", ".join(in_words(each) for each in rest))
    if kind in ("int", "bool", "float"):
        return f"{kind}{rest[0]}"
    return {"function": "tanh", "initializer": "lecun_normal", "dtype": "float32"}.get(kind, kind)


def required(cls):
    """By name, the annotations of the fields without a default."""
    import dataclasses

    return {
        field.name: _annotation(field.type)
        for field in dataclasses.fields(cls)
        if field.init
        and field.name not in ("parent", "name")
        and field.default is dataclasses.MISSING
        and field.default_factory is dataclasses.MISSING
    }


def fields(cls):
    """Ways to fill the fields without a default, or LookupError that names a field.

    One list for each choice of words that the class knows; in it, values of which the first is
    worth the most.
    """
    words, different, alike, sizes = {}, {}, {}, itertools.cycle(SIZES)
    for name, annotation in required(cls).items():
        value = _scalar(name, annotation)
        if value is None and "str" in annotation:
            words[name] = _words(cls, name)
        elif value is not None:
            different[name] = ["plain", next(sizes)] if value == ["plain", SIZES[0]] else value
            alike[name] = value
        if value is None and not words.get(name):
            raise LookupError(f"no value is known for its field {name}: {annotation}")
    found = []
    for chosen in itertools.islice(itertools.product(*words.values()), 4):
        said = {name: ["plain", word] for name, word in zip(words, chosen)}
        ways = [dict(different, **said), dict(alike, **said)]
        found.append(ways if different != alike else ways[:1])
    return found


def _words(cls, name):
    """The strings that the class compares a field with."""
    try:
        source = inspect.getsource(cls)
    except (OSError, TypeError):
        return []
    return list(dict.fromkeys(re.findall(rf"self\.{name}\s*==\s*['\"](\w+)['\"]", source)))


def arguments(cls, method, chosen):
    """Ways to fill the parameters without a default: (names, iterator of values).

    ``chosen`` are the values of the fields: states are as wide as these.
    """
    found = inspect.signature(getattr(cls, method)).parameters.values()
    static = isinstance(inspect.getattr_static(cls, method), (staticmethod, classmethod))
    wanted = [
        parameter
        for parameter in list(found)[0 if static else 1 :]
        if parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    ]
    if static:
        sizes = itertools.cycle(SIZES)
        values = []
        for parameter in wanted:
            value = _scalar(parameter.name, _annotation(parameter.annotation), anything=True)
            if value is None:
                raise LookupError("no value is known for its parameter " + parameter.name)
            values.append(["plain", next(sizes)] if value == ["plain", SIZES[0]] else value)
        return [parameter.name for parameter in wanted], [values]
    code = _code(cls, method)
    widths = [value[1] for value in chosen.values() if value[0] == "plain"]
    widths = [width for width in widths if isinstance(width, int) and width > 1] + [SIZES[0]]
    steps = any(_STATE.search(parameter.name) for parameter in wanted) and "scan" not in code.text
    ways = [
        _inputs(parameter.name, _annotation(parameter.annotation), code, widths, steps, seed)
        for seed, parameter in enumerate(wanted)
    ]
    return [parameter.name for parameter in wanted], _simplest_first(ways)


def _annotation(found):
    if found is inspect.Parameter.empty:
        return ""
    return found if isinstance(found, str) else getattr(found, "__name__", str(found))


def _scalar(name, annotation, anything=False):
    """A value that is no array, by its annotation, else by its name; None if there is none."""
    low, kind = name.lower(), annotation.replace("typing.", "")
    if low in ("batch_dims", "batch_shape", "input_shape", "shape"):
        return ["plain", [BATCH, WIDTH] if low.endswith("put_shape") else [BATCH]]
    if "dtype" in low or "dtype" in kind.lower():
        return ["dtype"]
    if low in ("key", "rng", "rng_key", "prng", "prng_key", "seed_key") or "PRNG" in kind:
        return ["key"]
    if re.search(r"(^|\W)[bB]ool", kind):
        return ["plain", False]
    if "float" in kind:
        return ["plain", 0.5]
    if "Callable" in kind or re.search(r"_fn$|^activation|nonlinear|^act$", low):
        return ["initializer"] if "init" in low else ["function"]
    if re.search(r"Sequence|Tuple|tuple|List|list|Iterable", kind):
        if kind and not re.search(r"int|\[\]|^(Sequence|Tuple|tuple|List|list)$", kind):
            return None
        return ["plain", [3, 3] if "kernel" in low else [BATCH] if "batch" in low else [4, 4]]
    integer = re.search(r"(^|\W)int", kind) or (kind in ("", "Any") and _COUNT.search(low))
    if integer or (anything and kind == ""):
        if "layer" in low or "head" in low or "depth" in low:
            return ["plain", 2]
        if "batch" in low:
            return ["plain", BATCH]
        return ["plain", SIZES[0]]
    return None


class _Code:
    """What a method reads of its parameters: a reading, not a proof."""

    def __init__(self, source, method):
        self.text, self.ranks, self.least, self.parts = source, {}, {}, {}
        tree = ast.parse(source)
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and node.name == method:
                for part in ast.walk(node):
                    self._read(part)

    def _read(self, node):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], (ast.Tuple, ast.List)):
            names = node.targets[0].elts
            fixed = not any(isinstance(each, ast.Starred) for each in names)
            value = node.value
            if fixed and _is_shape(value):
                self.ranks[value.value.id] = len(names)
            elif fixed and isinstance(value, ast.Name):
                named = [each.id if isinstance(each, ast.Name) else "" for each in names]
                self.parts[value.id] = named
        if isinstance(node, ast.Subscript):
            # Python 3.8 has the index in another node.
            index = node.slice.value if type(node.slice).__name__ == "Index" else node.slice
            if _is_shape(node.value) and isinstance(getattr(index, "value", None), int):
                self._at_least(node.value.value.id, index.value + 1)
            elif isinstance(node.value, ast.Name) and isinstance(index, ast.Tuple):
                self._at_least(node.value.id, len(index.elts))

    def _at_least(self, name, rank):
        self.least[name] = max(rank, self.least.get(name, 0))


def _is_shape(node):
    return (
        isinstance(node, ast.Attribute)
        and node.attr == "shape"
        and isinstance(node.value, ast.Name)
    )


def _code(cls, method):
    try:
        return _Code(textwrap.dedent(inspect.getsource(cls)), method)
    except (OSError, TypeError, SyntaxError):
        return _Code("", method)


def _inputs(name, annotation, code, widths, steps, seed):
    """Values for one parameter of a call, the likeliest first."""
    low = name.lower()
    scalar = _scalar(name, annotation)
    sure = re.search(r"(^|\W)(int|float|bool)(\W|$)", annotation) or _NUMBER.search(low)
    if scalar is not None and (sure or scalar[0] == "key"):
        return [scalar]
    if re.search(r"train|determin|return_|^use_|teacher|force|eval|reverse", low):
        return [["plain", False], ["plain", True]]
    if "length" in low or low in ("lens", "seq_lens"):
        return [["int", [BATCH], seed], ["plain", 3]]
    if re.search(r"mask|done|reset|begin|start|episode|terminal|first", low):
        shapes = ([TIME, BATCH], [BATCH, TIME], [BATCH], [TIME])
        if steps:
            shapes = ([BATCH], [], [TIME, BATCH], [BATCH, TIME])
        return [["bool", shape, seed] for shape in shapes]
    if _STATE.search(low):
        return _states(code.parts.get(name), widths, seed)
    if name in code.parts:
        inner = [_inputs(each, "", code, widths, steps, seed + 7) for each in code.parts[name]]
        return [["tuple", *list(way)] for way in _simplest_first(inner)][:40]
    ranks = (
        [code.ranks[name]] if name in code.ranks else [2, 1, 3, 4, 5] if steps else [3, 2, 4, 5, 1]
    )
    ranks = [rank for rank in ranks if rank >= code.least.get(name, 0)] or [6]
    shapes = [shape for rank in ranks for shape in _SHAPES[rank]]
    tokens = re.search(r"token|ids?$|index|indices|word|int", low + annotation.lower())
    kinds = ("int", "float") if tokens else ("float", "int")
    if not tokens and "Embed(" not in code.text and "one_hot" not in code.text:
        kinds = ("float",)
    arrays = [[kind, shape, seed] for shape in shapes for kind in kinds]
    return [*arrays, ["plain", BATCH], ["plain", [BATCH]]]


_SHAPES = {
    1: ([WIDTH],),
    2: ([BATCH, WIDTH], [TIME, WIDTH]),
    3: ([TIME, BATCH, WIDTH], [BATCH, TIME, WIDTH]),
    4: ([BATCH, PIXELS, PIXELS, WIDTH],),
    5: ([BATCH, TIME, PIXELS, PIXELS, WIDTH], [TIME, BATCH, PIXELS, PIXELS, WIDTH]),
    6: ([BATCH, TIME, PIXELS, PIXELS, PIXELS, WIDTH],),
}


def _states(parts, widths, seed):
    """A state of one array, or of a pair, as wide as one of the fields."""
    counts = [len(parts)] if parts else [1, 2]
    found = []
    for shape in ([BATCH], [], [BATCH, PIXELS, PIXELS]):
        for width in dict.fromkeys(widths):
            for count in counts:
                arrays = [["float", [*shape, width], 50 + seed + at] for at in range(count)]
                found.append(arrays[0] if count == 1 else ["tuple", *arrays])
    return found


def _simplest_first(ways):
    """All combinations, those of likely values first."""
    most = sum(len(way) - 1 for way in ways)
    for total in range(most + 1):
        yield from (list(way) for way in _of_sum(ways, total))


def _of_sum(ways, total):
    if not ways:
        if total == 0:
            yield ()
        return
    for at in range(min(total, len(ways[0]) - 1) + 1):
        for rest in _of_sum(ways[1:], total - at):
            yield (ways[0][at], *rest)
