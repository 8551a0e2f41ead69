"""The parcel carrier, a party outside the shop: labels, and callbacks that come late, twice or never."""
