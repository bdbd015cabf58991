"""Parts of one clean for many machines: how shards are divided, searched, written and joined."""
