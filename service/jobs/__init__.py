"""Work that outlasts a request: the queue in the store, the worker, and one module for each kind of job."""
