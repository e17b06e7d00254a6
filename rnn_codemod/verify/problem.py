"""What keeps a verification from being done at all."""

from __future__ import annotations


class VerifyError(Exception):
    """A run that could not be prepared, made or read: one line that says why."""


class UsageError(Exception):
    """A question that makes no sense as it was asked."""
