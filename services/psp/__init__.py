"""The payment provider, an outside party: intents, captures, refunds, signed webhooks, tombstones."""
