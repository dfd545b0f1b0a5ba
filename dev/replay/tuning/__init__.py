"""Tuning a detection by its filter macro: what a candidate keeps and drops, and what that costs."""
