"""One module for each kind of thing; `service.api.app` puts them together."""
