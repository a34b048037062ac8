"""What is counted and limited, and wiping it clean."""
