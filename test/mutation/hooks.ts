import fc from 'fast-check';

// A change is judged some thousand times: laws are tried with the same samples each time, and for a bounded time.
fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: 20250303, interruptAfterTimeLimit: 300 });
