"""What comes in from outside: adapters that read a foreign form and call the one service behind every way in."""
