"""One revision in place of a range of revisions: which range, what is kept of it, and the files."""
