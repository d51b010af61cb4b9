"""Two runs of one experiment: has the model got worse, has its inside moved, or can nothing be said?"""
