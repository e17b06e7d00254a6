"""``python -m rnn_codemod`` and the console script."""

from __future__ import annotations

from rnn_codemod.cli import main

__all__ = ["main"]

if __name__ == "__main__":
    main(prog_name="rnn-codemod")
