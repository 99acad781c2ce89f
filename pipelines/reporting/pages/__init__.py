"""One module a page (or a kind of pages): its facts by SQL, its figures, charts and tables."""
