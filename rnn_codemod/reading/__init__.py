"""What the code means: names, cells, carries, and the sizes that can be proved."""
