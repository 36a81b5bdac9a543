"""Files: uploaded to one-time addresses or made by the program."""
