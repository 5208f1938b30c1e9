"""Rules about operations of revisions, each with a code."""
