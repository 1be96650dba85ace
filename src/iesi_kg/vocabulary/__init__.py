"""Names and meaning: namespaces, generated terms, minted IRIs and code lists."""
