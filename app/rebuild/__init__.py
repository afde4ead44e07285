"""`giftstream rebuild`: the log counted anew into another generation of the state, and a switch to it."""
