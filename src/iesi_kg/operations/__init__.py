"""Running the service: who may do what, and what was done."""
