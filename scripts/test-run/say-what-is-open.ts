/** Loaded before mocha: a test process that does not end is asked by SIGUSR2 (process-job.ts) what keeps it, before it is killed. */
process.on('SIGUSR2', () => console.error(`still open: ${process.getActiveResourcesInfo().join(', ')}`));
