"""Makes clean Parquet of what bronze has: one row for each player and game."""
