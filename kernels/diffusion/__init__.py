"""What sampling needs: inversion, caches, LoRA, parts of networks; imports no other subject."""
