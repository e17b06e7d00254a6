"""Styles of the code after: what ``--style`` asks for beyond the least change."""
