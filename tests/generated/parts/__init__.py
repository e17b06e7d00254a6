"""The patterns of the grammar, one kind of module in each file."""
