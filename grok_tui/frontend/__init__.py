"""What any front end needs of a run: what it shows, what may be asked of it, and what it leaves."""
