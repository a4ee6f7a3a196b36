"""Behaves as containerlab does, as far as a front end can tell: real containers, real links, its output, its exit codes."""
