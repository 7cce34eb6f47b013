"""Multi-task learning for recommender systems, as small modules to read and
import.
"""

__version__ = "0.1.0"
