"""Holds, takes and gives back money through the provider. Teaches idempotency, webhooks, reconciliation."""
