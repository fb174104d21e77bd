"""A run in a process of its own, that goes on when nobody looks; and the way to it, a local socket."""
