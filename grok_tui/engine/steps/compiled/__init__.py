"""Training steps as native code: what is compiled, by whom, where it is kept, and how it is called."""
