"""What a voice message says: sound made plain, and words made of it behind one port."""
