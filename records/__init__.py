"""The database: tables by aggregate, queries, migrations, encryption and audit."""
