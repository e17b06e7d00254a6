"""Applies edits that were decided before; decides nothing itself."""
