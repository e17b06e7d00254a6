"""Rewrites code bases from the recurrent API of Flax <= 0.6 to the refactored one."""
