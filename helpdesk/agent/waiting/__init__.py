"""What waits for an agent: the queue, its filters, and which ticket comes next."""
