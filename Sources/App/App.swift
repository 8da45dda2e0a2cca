// The module's first file; replaced as it grows.
