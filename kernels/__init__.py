"""The mathematics: pure torch functions over tensors and callables."""
