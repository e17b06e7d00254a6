"""What is on disk: which files to look at, what they hold, how they are written back."""
