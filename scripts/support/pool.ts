/**
 * Imported first, before anything uses the pool of threads that waits for the disk: four of them, the default, are too few where hundreds
 * of files a second are made durable beside the log of commits.
 */
process.env['UV_THREADPOOL_SIZE'] ??= '16';
