"""Pages for a browser, each one file that needs no network: the walk through a graph, and a network that learns."""
