"""How well a program keeps the law of migrations: databases, what they say of their schemas, programs, and cells."""
