"""A run without a screen: narration on stderr, results on stdout, the verdict as exit code."""
