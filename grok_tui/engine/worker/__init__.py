"""The thread that trains while others look on: orders, ways back in time, and where runs come from."""
