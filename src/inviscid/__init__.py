"""Persistent memoization that knows what a function does."""
