"""The public values: what comes in, what goes out, and what the partitions tell the merge.

Everything here is a msgspec Struct. Topics are versioned by suffix (`.v1`) and changes are additive only.
"""
