"""Where databases stand, what is in them, and what would happen to them."""
