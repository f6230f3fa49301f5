// low: a sample.
