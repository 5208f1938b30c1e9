"""Where databases stand, and what is in them."""
