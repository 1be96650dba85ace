"""Our things and theirs: other databases in, which records are the same, how that is said (design.md section 4)."""
