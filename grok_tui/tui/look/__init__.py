"""How it looks: themes, layout, pacing of frames, and bytes on the wire."""
