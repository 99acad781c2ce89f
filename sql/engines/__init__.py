"""Other engines that run the same models: their dialect, their session, and the way there and back."""
