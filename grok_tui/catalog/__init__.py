"""Every name and parameter a preset may use, declared once and without torch."""
