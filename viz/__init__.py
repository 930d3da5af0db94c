"""Pictures of graphs, networks and learning."""
