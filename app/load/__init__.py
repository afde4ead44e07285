"""A seeded load of gift events, and the answer it knows for itself.

`Simulation` makes the records, `answer.Answer` what the pipeline must say of them, `sender` puts them on a
topic, `files` into a file.
"""
