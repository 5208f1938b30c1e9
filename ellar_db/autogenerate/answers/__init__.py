"""What a comparison can't know: renames, and values for rows that are there."""
