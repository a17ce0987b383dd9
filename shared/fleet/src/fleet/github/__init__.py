"""What workflows do on GitHub: who asked for a release, and where its report goes."""
