"""The shopping cart: add, remove, merge, and freeze for an order. Teaches moving data safely."""
