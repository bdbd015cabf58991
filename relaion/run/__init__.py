"""A run: plan, tasks, workers, manifest, audit."""
