"""Forward-only migrations, written by hand in SQL, run by Tortoise one process at a time.

A generated migration drops constraints silently and imports live enums, so nothing here is generated; the test
`test_every_model_stands_in_the_database` compares the tables with the models instead.
"""
