"""What an office does, one function for each act: receive, read, review, assign. No web, no clock but the store's."""
