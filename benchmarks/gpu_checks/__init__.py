"""The checks of `benchmarks/gpu.py`: what has to be seen on a CUDA device before it counts as supported."""
