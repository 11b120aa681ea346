"""What people read, in their language: messages as values, and the catalogues that render them."""
