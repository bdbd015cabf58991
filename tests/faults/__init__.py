"""What happens when something breaks: kills, full disks, damaged files, attacks."""
