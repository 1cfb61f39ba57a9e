"""What a network makes of images: its maps, weights and answers, and the way back to a pixel."""
