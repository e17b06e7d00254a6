"""The refactored recurrent cells on flax.linen modules."""
