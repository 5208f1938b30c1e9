"""What foreign keys need of a server that checks them: indexes, columns of one type, an order."""
