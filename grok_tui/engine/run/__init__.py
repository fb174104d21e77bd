"""All arms of a preset side by side, and what others see of them."""
