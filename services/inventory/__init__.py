"""Stock and reservations. Teaches reserve, settle, release; tombstones; overselling by check-then-act."""
