"""Exact state for Faust: runs in, one record batch out, a fence at every change of owner. See docs/engine.md."""
