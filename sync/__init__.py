"""What goes between the phone and the branch, and the branch itself."""
