"""Explanations: formulas, the chain rule step by step, error messages, page layout, and plain data."""
