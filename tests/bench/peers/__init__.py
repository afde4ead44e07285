"""The contenders of the benchmark: each is a program with the same arguments, the same jobs and the same rows."""

import os

if compiled := os.environ.get("BENCH_COMPILED"):
    __path__.insert(0, compiled)  # what `build.machine` has made is found before its sources
