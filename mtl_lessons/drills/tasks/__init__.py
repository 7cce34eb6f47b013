"""The drills, two files each: what is asked, and how it is checked."""
