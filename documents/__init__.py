"""Documents: data on paper and in tables. Values in, bytes out; nothing here knows the domain, a table or a request."""
