"""How a request is answered: who may, by which rows, with which verb. No rules here."""
