/**
 * Imported first, before anything uses the pool of threads that waits for the disk: four of them, the default, are too few where several
 * logs and the vault's files are made durable beside the log of commits.
 */
process.env['UV_THREADPOOL_SIZE'] ??= '16';
