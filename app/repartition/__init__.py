"""`giftstream repartition`: a source log copied into a new one with another number of partitions."""
