"""One revision in place of a range of revisions: what it has to do, and the proof that it does so."""
