"""Dependency pins of flax: found where projects write them, raised when the code has moved."""
