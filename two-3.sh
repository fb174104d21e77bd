# Two arms … – “ä” 数 │
grok-tui --preset /tmp/pytest-of-root/pytest-1859/test_every_screen_is_ascii_siz2/two.toml
