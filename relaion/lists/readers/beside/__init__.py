"""What stands beside entries and speaks of them; `questions.py` tells in which order."""
