// Removed with this target's first real file.
