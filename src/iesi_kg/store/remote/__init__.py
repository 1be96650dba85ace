"""Turns a SPARQL 1.1 server of another product into a store: profiles of products, a client, readers and a writer."""
