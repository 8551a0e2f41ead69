"""Takes orders and sees them through: places, confirms, cancels, takes back. Teaches the saga, both ways."""
