# tests/mutants: the tool that makes mutants of impl/ and hunts them. docs/mutants.md says how to use it.
