"""The shop: one folder per service, discovered by the lab. Services meet only through `services.*.api`."""
