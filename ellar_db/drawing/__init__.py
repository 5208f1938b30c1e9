"""Pictures of histories: in a terminal, as text for programs that draw, and as a page."""
