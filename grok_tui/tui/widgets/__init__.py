"""The panes of the live screen; each hands Textual ready strips and refreshes only the rows that changed."""
