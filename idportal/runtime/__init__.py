"""How the processes run: queue, cache, database connections and logs."""
