"""From a function to nodes: trace, classes of steps that are made alike, and along which axes each operand varies."""
