"""Records what the recurrent modules of a program compute.

One file that needs nothing of rnn_codemod: it runs on Python 3.8, jax 0.4 and flax 0.6 as on
today's. Each process appends to a file of its own, one JSON object a line, so that what a process
recorded before it died can still be read.
"""

import atexit
import base64
import contextlib
import functools
import hashlib
import json
import os
import re
import sys
import threading
import time
import warnings

FOLDER = "RNN_CODEMOD_RECORD"
"""Environment variable: the folder that the records go to."""
DEPRECATED = "RNN_CODEMOD_DEPRECATED"
"""Environment variable: set where the deprecated cells of rnn_runtime stand in for flax 0.6."""
SHARED = "RNN_CODEMOD_PARAMETERS"
"""Environment variable: the records whose initial parameters this run takes over; empty in the
run that they are taken from."""
TREE = "RNN_CODEMOD_TREE"
"""Environment variable: the folder whose functions are noted when they use a recurrent module."""

WHOLE = 4096
"""An array of at most so many elements is kept whole, of a larger one so many at equal steps, and
the sums of the elements from each of these to the next."""
EVENTS = 2000
"""So many events are kept of each stream; the others are counted."""

_TRANSFORM = re.compile(r"^\w+\((.*)\)$")
_RECURRENT = ("RNNCellBase", "RNN", "Bidirectional")
_local = threading.local()


class _Record:
    """The file of this process."""

    def __init__(self):
        self.lock = threading.RLock()
        self.pid = None
        self.file = None
        self.written = set()
        self.counts = {}
        self.last_variables = {}
        self.paused = False

    def _own_file(self):
        if self.pid != os.getpid():
            self.pid, self.written, self.counts, self.last_variables = os.getpid(), set(), {}, {}
            name = f"{time.time_ns():020d}-{self.pid}.jsonl"
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
            self.file = os.open(os.path.join(os.environ[FOLDER], name), flags, 0o600)
        return self.file

    def line(self, kind, **fields):
        fields["kind"] = kind
        with self.lock:
            os.write(self._own_file(), json.dumps(fields).encode() + b"\n")

    def event(self, kind, key, stream, names, values):
        import numpy as np

        # An array may still wait for a program whose callbacks wait for the lock.
        values = [np.asarray(_plain(value)) for value in values]
        with self.lock:
            self._own_file()
            whole = kind == "variables" or kind == "init"
            leaves = [[name, self._array(value, whole)] for name, value in zip(names, values)]
            if kind == "variables":
                if self.last_variables.get(key) == leaves:
                    return
                self.last_variables[key] = leaves
            count = self.counts[key, stream] = self.counts.get((key, stream), 0) + 1
            if count <= EVENTS:
                self.line(kind, key=list(key), stream=stream, leaves=leaves)
            elif count & (count - 1) == 0 or count % EVENTS == 0:
                self.line("more", key=list(key), stream=stream, count=count)

    def _array(self, array, whole):
        import numpy as np

        dtype, data = str(array.dtype), np.ascontiguousarray(array)
        head = f"{dtype}{array.shape}"
        digest = hashlib.sha256(head.encode() + data.tobytes()).hexdigest()[:32]
        step = 1 if whole and SHARED in os.environ else max(1, -(-array.size // WHOLE))
        if digest not in self.written:
            self.written.add(digest)
            flat = data.reshape(-1)
            self.line(
                "array",
                digest=digest,
                dtype=dtype,
                shape=list(array.shape),
                step=step,
                data=_written(flat[::step]),
                sums=_written(_sums(flat, step)) if step > 1 else "",
            )
        return digest


def _written(array):
    return base64.b64encode(array.tobytes()).decode()


def _sums(flat, step):
    """The sums of each ``step`` elements, float64 or complex128.

    A sample alone would not show a difference that lies between its elements.
    """
    import numpy as np

    wide = np.complex128 if flat.dtype.kind == "c" else np.float64
    with np.errstate(all="ignore"):
        return np.add.reduceat(flat.astype(wide), np.arange(0, flat.size, step))


record = _Record()


def start():
    """Arranges for the recording; does nothing where no folder is named."""
    if not os.environ.get(FOLDER):
        return
    hooks = {"jax": _jax_imported, "flax": _flax_imported, "rnn_runtime": _runtime_imported}
    sys.meta_path.insert(0, _AfterImport(hooks))


class _AfterImport:
    """Calls a function when a module has been imported."""

    def __init__(self, hooks):
        self.hooks = hooks

    def find_spec(self, name, path=None, target=None):
        if name not in self.hooks:
            return None
        hook = self.hooks.pop(name)
        for finder in sys.meta_path:
            find = getattr(finder, "find_spec", None)
            spec = find(name, path, target) if find and finder is not self else None
            if spec is not None:
                break
        else:
            return None
        if getattr(spec.loader, "exec_module", None):
            execute = spec.loader.exec_module

            def exec_module(module):
                execute(module)
                try:
                    hook(module)
                except Exception as error:
                    record.line("trouble", message=f"{name}: {error!r}")

            spec.loader.exec_module = exec_module
        return spec


def _jax_imported(jax):
    record.line("process", command=sys.argv, python=sys.version.split()[0], jax=jax.__version__)
    atexit.register(_finish)
    for name in ("grad", "value_and_grad", "jacfwd", "jacrev", "hessian"):
        setattr(jax, name, _recorded_gradient(getattr(jax, name)))


@contextlib.contextmanager
def paused():
    """Nothing is recorded inside."""
    record.paused = True
    try:
        yield
    finally:
        record.paused = False


def is_noted(code):
    """Whether a function of the user's tree has been at work."""
    return code in _noted


def _finish():
    import jax
    import rnn_codemod_redirect

    for file in rnn_codemod_redirect.imported_from_the_tree()[:1]:
        record.line("trouble", message=f"{file} was imported, not its copy")
    try:
        jax.effects_barrier()
    except Exception as error:
        record.line("trouble", message=f"callbacks: {error!r}")
    if record.counts:  # Else it may never have asked for a device.
        record.line("end", devices=[device.device_kind for device in jax.devices()])


def _flax_imported(flax):
    import flax.linen as nn
    import flax.linen.recurrent as recurrent

    flax.linen = nn
    version = getattr(flax, "__version__", None) or sys.modules["flax.version"].__version__
    record.line("flax", version=version)
    _wrap_modules(nn.Module)
    if SHARED in os.environ:
        _share_parameters(nn.Module)
    _wrap_carries(vars(recurrent).values())
    if os.environ.get(DEPRECATED):
        from rnn_runtime.deprecated import legacy_names
        from rnn_runtime.deprecated.names import LEGACY
        from rnn_runtime.deprecated.warn import warn_once

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Flax 0.6, which they stand in for, says nothing.
            for name in LEGACY:
                warn_once(name, "")
        record.names = legacy_names()
        record.names.__enter__()
        _wrap_carries(LEGACY.values())


def _runtime_imported(runtime):
    if os.environ.get(DEPRECATED) is None:
        _wrap_carries(vars(runtime).values())
    _step_cells(runtime.RNN)


def _step_cells(layer):
    """Lets the layers of rnn_runtime, whose scans pass the cell by, step it too.

    Their numbers are still those of the scan. ``Bidirectional`` runs its two layers one after the
    other, as flax does.
    """
    original = layer.core

    @functools.wraps(original)
    def core(self, run):
        found = original(self, run)
        if found is not None:
            self._scan_cell(run)
        return found

    layer.core = core
    layer.start = lambda self, *call: (None, None)


# Trees and arrays.


def _plain(value):
    import jax

    dtype = getattr(value, "dtype", None)
    extended = getattr(getattr(jax, "dtypes", None), "prng_key", None)
    if dtype is not None and extended is not None and jax.dtypes.issubdtype(dtype, extended):
        return jax.random.key_data(value)
    return value


def _leaves(tree, path=""):
    """(path, array) of all leaves; kinds of mapping and of sequence look alike."""
    if tree is None or isinstance(tree, (str, bytes)):
        return
    if hasattr(tree, "shape") and hasattr(tree, "dtype"):
        yield path, _plain(tree)
        return
    if isinstance(tree, (bool, int, float, complex)):
        yield path, tree
        return
    if hasattr(tree, "items"):
        items = sorted((str(name), item) for name, item in tree.items())
    elif hasattr(tree, "_fields"):
        items = [(name, getattr(tree, name)) for name in tree._fields]
    elif isinstance(tree, (list, tuple)):
        items = [(str(index), item) for index, item in enumerate(tree)]
    elif hasattr(tree, "__dataclass_fields__"):
        items = [(name, getattr(tree, name)) for name in tree.__dataclass_fields__]
    else:
        return
    for name, item in items:
        yield from _leaves(item, path + "/" + name if path else name)


def emit(kind, key, tree):
    """Records a tree now, or, where it is being traced, whenever the program gets there."""
    import jax

    pairs = [] if record.paused else list(_leaves(tree))
    if not pairs:
        return
    names, values = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    if not any(isinstance(value, jax.core.Tracer) for value in values):
        record.event(kind, key, 0, names, values)
        return
    numbers = record.__dict__.setdefault("streams", {})
    stream = numbers[key] = numbers.get(key, 0) + 1
    record.line("trace", key=list(key), stream=stream, event=kind)
    jax.debug.callback(functools.partial(_arrived, kind, key, stream, names), *values)


def _arrived(kind, key, stream, names, *values):
    record.event(kind, key, stream, names, values)


# Modules.


class _Frame:
    """A call that is under way."""

    def __init__(self, path, kind):
        self.path = path
        self.kind = kind
        self.holds = False


def _open(what):
    """The modules, or the gradients, that this thread is in the middle of, outermost first."""
    return _local.__dict__.setdefault(what, [])


def _is_recurrent(cls):
    return any(
        base.__name__ in _RECURRENT and base.__module__.split(".")[0] in ("flax", "rnn_runtime")
        for base in cls.__mro__
    )


def _part(name):
    """A part of a scope's path as flax of today writes it: without the transforms around it.

    Of a lifted module that is applied itself, nothing is left: ``scan()``.
    """
    match = _TRANSFORM.match(name)
    return _part(match.group(1)) if match else name


def _path(module, stack):
    root = stack[0].path.split("/")[0] if stack else type(module).__name__
    parts = [_part(part) for part in module.scope.path]
    return "/".join([root] + [part for part in parts if part])


_holders = set()
"""What is known to hold a recurrent module: under a cached jit, its inside is not traced again."""


def _wrap_modules(module_class):
    original = module_class._call_wrapped_method

    @functools.wraps(original)
    def call(self, fun, args, kwargs):
        method = getattr(fun, "__name__", "")
        lifted = not hasattr(type(self), method)  # A function of a transform, under any name.
        if method == "setup" or lifted or self.scope is None:
            return original(self, fun, args, kwargs)
        stack = _open("modules")
        cls = type(self)
        frame = _Frame(_path(self, stack), cls.__name__)
        stack.append(frame)
        try:
            if _is_recurrent(cls):
                _mark()
                with _watched():
                    result = original(self, fun, args, kwargs)
            else:
                result = original(self, fun, args, kwargs)
        finally:
            stack.pop()
        init = bool(self.scope.is_mutable_collection("params"))
        phase = "gradient" if _open("gradients") else "init" if init else "apply"
        key = (frame.path, frame.kind, method, phase)
        if frame.holds:
            _holders.add(key)
        if key in _holders:
            tree = {"output": result}
            if _takes_carry(cls, method) and (args or "carry" in kwargs):
                tree["carry"] = args[0] if args else kwargs["carry"]
            emit("call", key, tree)
            if not stack:
                emit("variables", (frame.path, frame.kind, "variables", key[3]), self.variables)
        return result

    module_class._call_wrapped_method = call
    made = module_class.__post_init__

    @functools.wraps(made)
    def post_init(self):
        if _is_recurrent(type(self)):
            _note_callers()
        made(self)

    module_class.__post_init__ = post_init
    subclassed = module_class.__dict__["__init_subclass__"].__func__

    @functools.wraps(subclassed)
    def init_subclass(cls, *args, **kwargs):
        subclassed(cls, *args, **kwargs)
        if _is_recurrent(cls):
            _wrap_carries([cls])

    module_class.__init_subclass__ = classmethod(init_subclass)


def _share_parameters(module_class):
    """Lets ``Module.init`` tell its parameters, or take over those that it told before."""
    original = module_class.init
    given = _read_parameters(os.environ[SHARED]) if os.environ[SHARED] else None

    @functools.wraps(original)
    def init(self, *args, **kwargs):
        result = original(self, *args, **kwargs)
        name = type(self).__name__
        if given is None:
            emit("init", ("init of " + name, name, "init", ""), {"init": result})
            return result
        values = given[name].pop(0) if given.get(name) else {}
        counts = [0, 0]
        result = _filled(result, values, "init", counts)
        record.line("shared", module=name, taken=counts[0], all=counts[1])
        return result

    module_class.init = init


def _read_parameters(folder):
    """By class, the parameters of each ``init`` in order: arrays by their path."""
    import numpy as np

    given, arrays = {}, {}
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), "rb") as lines:
            for line in map(json.loads, lines):
                if line["kind"] == "array" and line["step"] == 1:
                    data = np.frombuffer(base64.b64decode(line["data"]), _dtype(line["dtype"]))
                    arrays[line["digest"]] = data.reshape(line["shape"])
                elif line["kind"] == "init":
                    leaves = {path: arrays.get(digest) for path, digest in line["leaves"]}
                    given.setdefault(line["key"][1], []).append(leaves)
    return given


def _dtype(name):
    import jax.numpy as jnp

    return getattr(jnp, name).dtype


def _filled(tree, values, path, counts):
    if hasattr(tree, "items"):
        filled = {k: _filled(v, values, f"{path}/{k}", counts) for k, v in tree.items()}
        return type(tree)(filled)
    counts[1] += 1
    value = values.get(path)
    if value is None or value.shape != tree.shape or value.dtype != tree.dtype:
        return tree
    import jax.numpy as jnp

    counts[0] += 1
    return jnp.asarray(value)


def _takes_carry(cls, method):
    names = [base.__name__ for base in cls.__mro__]
    return method == "__call__" and "RNNCellBase" in names


def _mark():
    for frame in _open("modules") + _open("gradients"):
        frame.holds = True
    _note_callers()


_noted = set()


def _note(code):
    if record.paused or code in _noted:
        return
    _noted.add(code)
    tree = os.environ.get(TREE)
    if tree and code.co_filename.startswith(tree):
        name = os.path.relpath(code.co_filename, tree)
        record.line("used", file=name, line=code.co_firstlineno, name=code.co_name)


def _note_callers():
    """Writes down which functions of the user's tree are at work: those are exercised."""
    frame = sys._getframe(1)
    while frame is not None:
        _note(frame.f_code)
        frame = frame.f_back


def _profile(frame, event, argument):
    if event == "call":
        _note(frame.f_code)


@contextlib.contextmanager
def _watched():
    """Notes what a recurrent module calls, where nobody else is watching."""
    if record.paused or sys.getprofile() is not None:
        yield
        return
    sys.setprofile(_profile)
    try:
        yield
    finally:
        sys.setprofile(None)


def _wrap_carries(classes):
    for cls in list(classes):
        made = vars(cls).get("initialize_carry") if isinstance(cls, type) else None
        if made is None or cls.__name__ == "RNNCellBase":
            continue
        function = made.__func__ if isinstance(made, staticmethod) else made
        if hasattr(function, "rnn_codemod_recorded"):
            continue
        recorded = _recorded_carry(cls.__name__, function)
        cls.initialize_carry = (
            staticmethod(recorded) if isinstance(made, staticmethod) else recorded
        )


def _recorded_carry(name, function):
    @functools.wraps(function)
    def initialize_carry(*args, **kwargs):
        stack = _open("modules")
        _mark()
        with _watched():
            result = function(*args, **kwargs)
        path = "/".join(([stack[-1].path] if stack else []) + [name + ".initialize_carry"])
        emit("carry", (path, name, "initialize_carry", ""), {"carry": result})
        return result

    initialize_carry.rnn_codemod_recorded = True
    return initialize_carry


def _recorded_gradient(transform):
    @functools.wraps(transform)
    def of(*args, **kwargs):
        gradient = transform(*args, **kwargs)
        fun = args[0] if args else kwargs.get("fun")
        name = getattr(fun, "__name__", type(fun).__name__)
        key = (f"{transform.__name__} of {name}", "", "gradient", "")

        @functools.wraps(gradient)
        def recorded(*inputs, **named):
            gradients, frame = _open("gradients"), _Frame(key[0], "")
            gradients.append(frame)
            try:
                result = gradient(*inputs, **named)
            finally:
                gradients.pop()
            if frame.holds:
                _holders.add(key)
            if key in _holders:
                emit("gradient", key, {"result": result})
            return result

        return recorded

    return of
