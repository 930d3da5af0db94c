"""Instruments held against a graph: the check by differences, the same graph for other numbers, its cost, its neurons."""
