"""What a comparison of tables leaves to others, and what tables need around them."""
