"""What shells complete: the answers, the scripts that ask for them, and where shells look for these."""
