"""Revision files read without running them."""
