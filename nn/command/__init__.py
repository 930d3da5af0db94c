"""What `python -m nn` does: its demos, and what they print."""
