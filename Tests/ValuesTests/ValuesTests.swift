// The suite's first file; replaced as it grows.
