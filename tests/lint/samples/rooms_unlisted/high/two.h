// high: a sample.
