"""Saying it: formulas, the chain rule step by step, the sentences of errors, the page that text is set on, and plain data."""
