"""Nodes as the lectures write them: names, formulas, equations, LaTeX."""
