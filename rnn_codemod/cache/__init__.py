"""Results of earlier runs, each with all that it depends on.

An entry is found by what was asked and counts only if every question that was put to the tree then
has the same answer now: the bytes of files, and which files and folders there are. So an entry can
be missing, old or damaged, and the result is still that of a run without it.
"""
