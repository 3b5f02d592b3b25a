"""The HTTP API: routes parse, call one function of `service.desk`, and translate errors in one place."""
