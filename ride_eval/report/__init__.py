"""Findings to terminal, Markdown and JSON. Nothing is computed here, so all of them say the same."""
