"""Work in the background: started by a person, done by the worker, with progress, a result and an end."""
