"""Which files are documents with Python in them, and how each kind is read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rnn_codemod.around import Around
    from rnn_codemod.files.programs import Migrate, Program, Treated
    from rnn_codemod.findings import Options

# The readers are imported when a document may hold a site: most runs meet none.

DOCUMENTS = (".ipynb", ".md", ".qmd", ".rst")


def is_document(path: str) -> bool:
    """Whether the file holds Python among other text."""
    return path.endswith(DOCUMENTS)


def migrate_text(
    path: str, text: str, migrate: Migrate, options: Options, around: Around | None
) -> Treated:
    """Migrates the text of a file by what its name says it is.

    Raises:
        CannotDecode: it is not what its name says.
        ValueError, SyntaxError, RecursionError: what ``migrate`` raises.
    """
    if is_document(path):
        from rnn_codemod.files.programs import migrate_programs

        return migrate_programs(text, reader(path), migrate, options, around)
    from rnn_codemod.files.docstrings import migrate_docstrings

    module = migrate(text, options, around)
    return migrate_docstrings(text, module, migrate, options, around)


def code_of(path: str, text: str) -> str:
    """The Python of a file as one text, for files that refer to it.

    Raises:
        ValueError: part of it cannot be read, or it is several programs.
    """
    if not is_document(path):
        return text
    from rnn_codemod.files.programs import one_program

    return one_program(reader(path)(text))


def reader(path: str) -> Callable[[str], Sequence[Program]]:
    """How the text of a document becomes programs."""
    from rnn_codemod.files import notebooks, prose

    return notebooks.programs if path.endswith(".ipynb") else prose.programs
