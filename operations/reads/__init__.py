"""Reading rows for a client: inside the viewer's reach, in one statement a level."""
