"""The same numbers before and after: run a command twice, record, compare, report."""
