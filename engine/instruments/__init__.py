"""Tools that examine a graph: finite differences, evaluation for other numbers, operation counts, neurons."""
