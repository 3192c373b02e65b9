"""Speed, cost and quality against known truth; may import every other room."""
