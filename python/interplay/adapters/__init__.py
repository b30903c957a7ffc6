"""Problems and rewards for other packages, one module for each; a module imports its package alone."""
