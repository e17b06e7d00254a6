"""Cell classes as values: in fields, dicts, conditionals, parameters and factories."""

from __future__ import annotations

from pieces import carry_call, cell_arguments, module_class, size_in_module
from writer import Writer, indented


def _kinds(w: Writer) -> tuple[str, str]:
    return w.one(("LSTMCell", "OptimizedLSTMCell"), ("LSTMCell", "GRUCell"), ("GRUCell", "GRUCell"))


def _run(w: Writer, name: str, given: list[str], starts: bool) -> None:
    w.probe.append(f"model = {name}({', '.join(given)})")
    x = f"data({w.batch}, {w.width})"
    if starts:
        w.probe.append(f"carry = model.initial({w.batch})")
        w.probe.append(f'found["{name}"] = carry, model.init_with_output({w.key()}, carry, {x})')
    else:
        w.probe.append(f'found["{name}"] = model.init_with_output({w.key()}, {x})')


def conditional(w: Writer) -> None:
    """One class or another, by a field of the module."""
    one, two = _kinds(w)
    value = w.hidden()
    name, size = w.fresh("Either"), size_in_module(w, value, local=False)
    first, second = w.cell(one), w.cell(two)
    chosen = w.one("lstm", "gru")
    fields = [*size.fields, f'kind: str = "{chosen}"']
    key = w.key()
    way = w.one("expression", "statement", "dict", "method")
    w.tag(f"either:{way}")
    starts = ['if self.kind == "lstm":']
    starts.append(f"    return {carry_call(w, first, key, '(batch,)', size.text)}")
    starts += w.one(["else:"], ['elif self.kind == "gru":'])
    starts.append(f"    return {carry_call(w, second, key, '(batch,)', size.text)}")
    methods: list[str] = []
    match way:
        case "expression":
            a, b = cell_arguments(w), cell_arguments(w)
            body = [f'cell = {first}({a}) if self.kind == "lstm" else {second}({b})']
            body.append("return cell(carry, x)")
        case "statement":
            body = ['if self.kind == "lstm":', f"    cell = {first}({cell_arguments(w)})"]
            body += ["else:", f"    cell = {second}({cell_arguments(w)})"]
            body.append(w.one("return cell(carry, x)", "carry, y = cell(carry, x)"))
            if "return" not in body[-1]:
                body.append("return carry, y")
        case "dict":
            table = w.fresh("KINDS")
            w.block(f'{table} = {{"lstm": {first}, "gru": {second}}}')
            arguments = w.one("", 'name="cell"', f"gate_fn={w.nn('hard_sigmoid')}")
            body = [f"return {table}[self.kind]({arguments})(carry, x)"]
            if w.maybe():
                body = [f"cls = {table}[self.kind]", f"cell = cls({arguments})"]
                body.append("return cell(carry, x)")
            if w.maybe(often=True):
                call = carry_call(w, f"{table}[self.kind]", key, "(batch,)", size.text)
                starts = [f"return {call}"]
        case _:
            methods += ["def build(self):", '    if self.kind == "lstm":']
            methods += [f"        return {first}()", f"    return {second}()", ""]
            body = ["return self.build()(carry, x)"]
            if w.maybe():
                body = ["cell = self.build()", "return cell(carry, x)"]
    methods += ["def initial(self, batch):", *indented(starts), ""]
    methods += [f"@{w.nn('compact')}", "def __call__(self, carry, x):", *indented(body)]
    module_class(w, name, fields, [*size.methods, *methods])
    _run(w, name, list(size.given), True)


def class_field(w: Writer) -> None:
    """A field that holds a cell class, or an instance."""
    kind, other = w.dense(), w.dense()
    value = w.hidden()
    name, size = w.fresh("Holder"), size_in_module(w, value, local=False)
    way = w.one("class", "class", "given", "instance", "factory", "kwargs")
    w.tag(f"holds:{way}")
    given, key = list(size.given), w.key()
    arguments = w.one("", "", 'name="cell"', f"gate_fn={w.nn('hard_sigmoid')}")
    receiver = "self.cell_type"
    fields = [*size.fields]
    body = [f"return self.cell_type({arguments})(carry, x)"]
    match way:
        case "class" | "given":
            annotation = w.one("Any", f"type[{w.nn('Module')}]")
            fields.append(f"cell_type: {annotation} = {w.cell(kind)}")
            if way == "given":
                given.append(f"cell_type={w.cell(other)}")
        case "instance":
            fields.append(f"cell_type: Any = {w.cell(kind)}({arguments})")
            body = ["return self.cell_type(carry, x)"]
        case "factory":
            w.need("import dataclasses")
            fields.append(f"cell_type: Any = dataclasses.field(default_factory={w.cell(kind)})")
            body = ["return self.cell_type(carry, x)"]
        case _:
            fields += [f"cell_type: Any = {w.cell(kind)}", "options: Any = None"]
            body = ["options = self.options or {}", "return self.cell_type(**options)(carry, x)"]
            if w.maybe():
                given.append(f'options={{"gate_fn": {w.nn("hard_sigmoid")}}}')
    call = carry_call(w, receiver, key, "(batch,)", size.text)
    if w.maybe() and way != "instance":
        if way == "class" and w.maybe():
            receiver = "self.cell_type()"
        call = carry_call(w, receiver, key, "x.shape[:-1]", size.text)
        body = [f"carry = {call}", *body]
        methods, starts = [f"@{w.nn('compact')}", "def __call__(self, x):"], False
        if way == "factory":
            methods = methods[1:]
    else:
        methods = ["def initial(self, batch):", f"    return {call}", ""]
        methods += [f"@{w.nn('compact')}", "def __call__(self, carry, x):"]
        starts = True
    module_class(w, name, fields, [*size.methods, *methods, *indented(body)])
    _run(w, name, given, starts)


def factory(w: Writer) -> None:
    """A function that builds the cell, or gives its class back."""
    kind, value = w.dense(), w.hidden()
    name, size = w.fresh("Made"), size_in_module(w, value, local=False)
    make, cls = w.fresh("make"), w.cell(kind)
    way = w.one("class", "instance", "choice", "sized")
    w.tag(f"factory:{way}")
    match way:
        case "class":
            w.block(f"def {make}():", f"    return {cls}")
            cell = f"{make}()()"
        case "instance":
            w.block(f"def {make}():", f"    return {cls}({cell_arguments(w)})")
            cell = f"{make}()"
        case "choice":
            w.block(
                f"def {make}(kind):",
                "    if kind == 1:",
                f"        return {cls}",
                f"    return {w.cell(kind)}",
            )
            cell = f"{make}({w.one(1, 2)})()"
        case _:
            w.block(f"def {make}(**options):", f"    return {cls}(**options)")
            cell = f"{make}(gate_fn={w.nn('hard_sigmoid')})"
    made = carry_call(w, cls, w.key(), "(batch,)", size.text)
    methods = ["def initial(self, batch):", f"    return {made}", ""]
    body = w.one([f"return {cell}(carry, x)"], [f"cell = {cell}", "return cell(carry, x)"])
    methods += [f"@{w.nn('compact')}", "def __call__(self, carry, x):", *indented(body)]
    module_class(w, name, size.fields, [*size.methods, *methods])
    _run(w, name, list(size.given), True)


def submodule(w: Writer) -> None:
    """The cell is built by the caller and handed to a module that only applies it."""
    kind, value = w.dense(), w.hidden()
    inner, outer = w.fresh("Inner"), w.fresh("Outer")
    cls = w.cell(kind)
    size = size_in_module(w, value, local=False)
    made = carry_call(w, w.one(cls, "self.cell"), w.key(), "(x.shape[0],)", "self.width")
    body = [f"carry = {made}", "return self.cell(carry, x)"]
    module_class(w, inner, ["cell: Any", "width: int"], ["def __call__(self, x):", *indented(body)])
    call = f"{inner}({cls}({cell_arguments(w)}), {size.text})"
    if w.maybe():
        call = f"{inner}(cell={cls}(), width={size.text})"
    lines = [f"@{w.nn('compact')}", "def __call__(self, x):", f"    return {call}(x)"]
    module_class(w, outer, size.fields, [*size.methods, *lines])
    _run(w, outer, list(size.given), False)


def decoys(w: Writer) -> None:
    """Names that look like the cells' and are none of ours."""
    own = w.fresh("Own")
    way = w.one("method", "named", "shadowed", "text")
    w.tag(f"decoy:{way}")
    match way:
        case "method":
            lines = ["def initialize_carry(self, rng, batch_dims, size):"]
            lines += ["    return jnp.zeros((*batch_dims, size))", ""]
            lines += ["def __call__(self, x):", "    return x"]
            module_class(w, own, [], lines)
            w.probe.append(f'found["{own}"] = {own}().initialize_carry(None, (2,), 3)')
        case "named":
            w.block(
                f"class {own}:",
                "    class GRUCell:",
                "        @staticmethod",
                "        def initialize_carry(rng, batch_dims, size):",
                "            return jnp.ones((*batch_dims, size))",
                "",
                "    LSTMCell = GRUCell",
            )
            w.probe.append(f'found["{own}"] = {own}.LSTMCell.initialize_carry(0, (2,), 3)')
        case "shadowed":
            function = w.fresh("lookalike")
            w.block(
                f"def {function}(LSTMCell):",
                "    return LSTMCell()(1, 2)",
            )
            w.probe.append(f'found["{function}"] = {function}(lambda: lambda a, b: a + b)')
        case _:
            w.block(
                '"""',
                "    carry = nn.LSTMCell.initialize_carry(key, (3,), 4)",
                "    carry, y = nn.LSTMCell()(carry, x)",
                '"""',
                "# nn.GRUCell()(carry, x)",
            )


def both_apis(w: Writer) -> None:
    """Code that handles both APIs itself, which is nobody's to touch."""
    kind, value = w.dense(), w.hidden()
    name, cls = w.fresh("either"), w.cell(kind)
    way = w.one("try", "hasattr", "version", "fields")
    w.tag(f"both:{way}")
    new = f"{cls}(features=n)"
    match way:
        case "try":
            build = ["try:", f"    cell = {new}", "except TypeError:", f"    cell = {cls}()"]
        case "hasattr":
            build = [f'if hasattr({cls}, "num_feature_axes"):', f"    cell = {new}"]
            build += ["else:", f"    cell = {cls}()"]
        case "version":
            w.need("import inspect")
            build = [f'if "features" in inspect.signature({cls}).parameters:', f"    cell = {new}"]
            build += ["else:", f"    cell = {cls}()"]
        case _:
            build = [
                f'options = {{"features": n}} if "features" in {cls}.__annotations__ else {{}}'
            ]
            build.append(f"cell = {cls}(**options)")
    start = ["try:", f"    carry = cell.initialize_carry({w.key()}, (*x.shape[:-1], n))"]
    start += ["except TypeError:", f"    carry = cell.initialize_carry({w.key()}, x.shape[:-1], n)"]
    lines = [f"def {name}(x, n):", *(f"    {line}" for line in [*build, *start])]
    w.block(*lines, f"    return cell.init_with_output({w.key()}, carry, x)")
    w.probe.append(f'found["{name}"] = {name}(data({w.batch}, {w.width}), {value})')


def looked_up(w: Writer) -> None:
    """A class that is looked up by its name: to be told, and left as it is."""
    kind, value = w.dense(), w.hidden()
    name = w.fresh("Named")
    word = w.one(f'"{kind}"', f'"{kind[:4]}" + "{kind[4:]}"', f"f\"{{'{kind}'}}\"")
    home = w.nn("").rstrip(".")
    cls = w.one(f"getattr({home}, {word})", f"{home}.__dict__[{word}]", f"vars({home})[{word}]")
    body = [f"cls = {cls}", f"carry = cls.initialize_carry({w.key()}, x.shape[:-1], {value})"]
    arguments = w.one("", 'name="cell"')
    body.append(f"return cls({arguments})(carry, x)")
    lines = [f"@{w.nn('compact')}", "def __call__(self, x):", *indented(body)]
    module_class(w, name, [], lines)
    _run(w, name, [], False)
