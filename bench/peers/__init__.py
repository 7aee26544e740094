"""What the service is compared with. Each is the whole program that somebody would write first."""
