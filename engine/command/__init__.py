"""`python -m engine`: from text to Values, and what is printed about them."""
