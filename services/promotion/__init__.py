"""Coupons and campaigns. Teaches a contended counter kept right by optimistic versions."""
