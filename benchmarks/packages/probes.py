"""Builds and runs the recurrent modules of one package, and writes what they computed.

``python probes.py PROBE FOLDER OUT.npz [--deprecated]``: imports the package from FOLDER, on
whichever flax the interpreter has, and saves every initial parameter and every output under its
path. The script needs jax, flax and numpy alone and runs on flax 0.6.11 as on the current one: it
is the same program before and after. With ``--deprecated`` the cells of ``rnn_runtime.deprecated``
stand in for flax 0.6.11.

Parameters are drawn by jax for ``.../params`` and by numpy for the outputs, so that outputs are
compared on equal parameters, biases included, which start at zero.
"""

import contextlib
import sys
from pathlib import Path

import flax
import jax
import jax.numpy as jnp
import numpy as np
from stand_ins import old_config, package_without_init, stand_in


def main():
    probe, folder, out = sys.argv[1], Path(sys.argv[2]).resolve(), sys.argv[3]
    jax.config.update("jax_threefry_partitionable", False)  # the generator of jax 0.4.13
    sys.path.insert(0, str(folder))
    recorded = {}
    with legacy_cells() if "--deprecated" in sys.argv else contextlib.nullcontext():
        for name, value in PROBES[probe](folder):
            for path, leaf in jax.tree_util.tree_flatten_with_path(value)[0]:
                recorded[name + jax.tree_util.keystr(path)] = np.asarray(leaf)
    np.savez(out, **recorded)


def legacy_cells():
    """The recurrent names of flax.linen mean the deprecated cells while the context lasts."""
    from rnn_runtime.deprecated import legacy_names

    return legacy_names()


def run(name, model, *args, rngs=("params",), **kwargs):
    """The initial parameters of ``model``, and its output on parameters drawn by numpy."""
    keys = {stream: jax.random.PRNGKey(seed) for seed, stream in enumerate(rngs)}
    variables = flax.core.unfreeze(model.init(keys, *args, **kwargs))
    yield name + "/params", variables
    random = np.random.RandomState(0)
    drawn = jax.tree_util.tree_map(
        lambda leaf: (0.5 * random.randn(*leaf.shape)).astype(leaf.dtype), variables
    )
    yield name + "/output", model.apply(drawn, *args, rngs=keys, **kwargs)


def array(*shape):
    """Numbers of the given shape: the same in every environment, no two alike."""
    return jnp.asarray(np.random.RandomState(1).randn(*shape).astype("float32"))


def evosax(folder):
    """``evosax.networks.LSTM``: one step, carry without batch axes."""
    stand_in("chex")
    package_without_init("evosax", folder / "evosax")
    from evosax.networks import LSTM

    for inputs, hidden, outputs in ((5, 7, 3), (4, 1, 2)):
        for activation in ("identity", "tanh", "categorical", "gaussian"):
            name = f"LSTM({inputs}, {hidden}, {activation})"
            model = LSTM(
                num_hidden_units=hidden, num_output_units=outputs, output_activation=activation
            )
            yield name + "/initialize_carry", model.initialize_carry()
            carry = (array(hidden), array(hidden + 1)[1:])
            rng = jax.random.PRNGKey(9)
            yield from run(name, model, array(inputs), carry, rng)


def evojax(folder):
    """The sequence-to-sequence policy and the attention neuron: scan decorators, data as carry."""
    package_without_init("evojax", folder / "evojax")
    package_without_init("evojax.task", folder / "evojax" / "task")
    from evojax.policy.mlp_pi import AttentionNeuronMLP, pos_table
    from evojax.policy.seq2seq import Decoder, Encoder, EncoderLSTM, Seq2seq, char_table

    vocabulary = char_table.vocab_size
    for batch, hidden in ((3, 11), (1, 4)):
        name = f"({batch}, {hidden})"
        question = jax.nn.one_hot(jnp.arange(batch * 5).reshape(batch, 5) % vocabulary, vocabulary)
        answer = jax.nn.one_hot(jnp.arange(batch * 4).reshape(batch, 4) % vocabulary, vocabulary)
        streams = ("params", "lstm")
        yield "EncoderLSTM.initialize_carry" + name, EncoderLSTM.initialize_carry(batch, hidden)
        yield from run("Encoder" + name, Encoder(hidden), question, rngs=streams)
        state = (array(batch, hidden), array(batch + 1, hidden)[1:])
        for force in (False, True):
            at = f"{name}, teacher_force={force}"
            decoder = Decoder(init_state=state, teacher_force=force)
            yield from run("Decoder" + at, decoder, answer, rngs=streams)
            model = Seq2seq(teacher_force=force, hidden_size=hidden)
            yield from run("Seq2seq" + at, model, question, answer, rngs=streams)

    for observed, actions, width in ((5, 3, 8), (4, 2, 6)):
        model = AttentionNeuronMLP(
            act_dim=actions, msg_dim=9, hidden_dim=7, pos_em_dim=width, pos_em=pos_table(7, width)
        )
        carry = (array(observed, width), array(observed + 1, width)[1:])
        name = f"AttentionNeuronMLP({observed}, {actions}, {width})"
        yield from run(name, model, array(observed), array(actions), carry)


def d2l(folder):
    """``d2l.jax.GRU``: layers of a lifted cell, and a carry made inside the compact method."""
    stand_in(
        "IPython",
        "matplotlib",
        "matplotlib_inline",
        "optax",
        "pandas",
        "requests",
        "tensorflow",
        "tensorflow_datasets",
    )
    package_without_init("d2l", folder / "d2l")
    from d2l.jax import GRU

    for layers in (1, 3):
        for batch, inputs, hidden in ((4, 3, 6), (2, 5, 5)):
            name = f"GRU(layers={layers}, {batch}, {inputs}, {hidden})"
            model = GRU(num_hiddens=hidden, num_layers=layers)
            sequence = array(7, batch, inputs)
            yield from run(name, model, sequence)
            state = [array(batch, hidden) + layer for layer in range(layers)]
            yield from run(name + ", own state", model, sequence, state)
        dropped = GRU(num_hiddens=6, num_layers=layers, dropout=0.5)
        streams = ("params", "dropout")
        yield from run(
            f"GRU(layers={layers}), dropout",
            dropped,
            array(7, 4, 3),
            training=True,
            rngs=streams,
        )


def jvmc(folder):
    """Chains of a plain cell, a GRU and an LSTM in one and two dimensions, all in float64."""
    stand_in("mpi4py")
    old_config()
    flax.__version__ = "0.6.11"  # It asks whether the text is at least "0.4.0", and "0.12" is not.
    for name in ("jVMC", "jVMC.nets", "jVMC.util"):
        package_without_init(name, folder.joinpath(*name.split(".")))
    import jVMC
    import jVMC.global_defs
    import jVMC.nets.initializers
    from jVMC.nets import rnn1d_general, rnn2d_general

    del jVMC
    for length, hidden, depth in ((4, 5, 1), (3, 6, 2)):
        for cell in ("RNN", "GRU", "LSTM"):
            name = f"({cell}, length={length}, hidden={hidden}, depth={depth})"
            chain = rnn1d_general.RNN1DGeneral(
                L=length, hiddenSize=hidden, depth=depth, cell=cell, realValuedOutput=True
            )
            yield from run("RNN1DGeneral" + name, chain, jnp.arange(length) % 2)
    for hidden in (5, 6):
        rows = array(2, hidden).astype("float64")
        for cells in (rnn2d_general, rnn1d_general):
            module = cells.__name__.rpartition(".")[2]
            carries = [rows] if cells is rnn1d_general else [rows, rows + 1]
            state = array(3).astype("float64")
            lstm = [jnp.stack([carry, carry / 2])[:, 0] for carry in carries]
            yield from run(f"{module}.GRUCell({hidden})", cells.GRUCell(), *carries, state)
            yield from run(f"{module}.LSTMCell({hidden})", cells.LSTMCell(), *lstm, state)


def weather(folder):
    """The bundled project ``fixtures/demo``."""
    from weather.forecast import Forecaster, Memory
    from weather.radar import Radar
    from weather.stations import Cascade, Stations

    batch, hidden = 4, 7
    state = Memory.initialize_carry(batch, hidden)
    yield "Memory.initialize_carry", state
    begins = jnp.arange(5 * batch).reshape(5, batch) % 3 == 0
    yield from run("Forecaster", Forecaster(), state, array(5, batch, 2), begins)
    lengths = 1 + jnp.arange(batch) % 4
    yield from run("Stations", Stations(hidden), array(batch, 4, 3), lengths)
    yield from run("Cascade", Cascade(hidden), array(batch, 5))
    yield from run("Radar", Radar(hidden), array(batch, 3, 6, 5, 2))


PROBES = {"d2l": d2l, "evojax": evojax, "evosax": evosax, "jvmc": jvmc, "weather": weather}


if __name__ == "__main__":
    main()
