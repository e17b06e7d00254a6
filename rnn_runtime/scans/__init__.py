"""Scans over time with a derivative of their own."""
