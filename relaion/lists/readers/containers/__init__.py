"""How deliveries are packed: streams, archives, and the bytes of texts."""
