"""The one door to the shop. Teaches: access rules in one place, caching what is checked on every hop."""
