"""Where quads live: the contract, the embedded engine, its versions and its query processes."""
