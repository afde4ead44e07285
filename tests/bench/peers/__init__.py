"""The contenders of the benchmark: each is a program with the same arguments, the same jobs and the same rows."""
