"""What a notebook imports: ask a service or a folder."""
