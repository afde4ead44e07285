"""The real engine in one process: a broker in memory, a virtual clock, and a seed that decides everything else."""
