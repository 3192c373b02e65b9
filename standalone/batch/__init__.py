"""Many edits: jobs in a file, by this process or by the workers of a Ray cluster; may import what lies beside it."""
