/* Tallystick's protocol: ingest -> rows -> doorbell -> signer -> mirror -> seal -> vault, and the sweep behind all of it. */
#include "state.pml"
#include "ingest.pml"
#include "sign.pml"
#include "seal.pml"
#ifdef PERIODS
#include "periods.pml"
#endif
#include "sweep.pml"

#ifdef FREEZE
/* Somebody, or the reconciliation, stops billing; at rest it is let go on. */
proctype Operator() {
  /* step: freeze */
  atomic { frozen = 1; delays++ }
  atomic { frozen = 0 }
}
#endif

init {
  byte i;
  atomic {
    for (i : 1 .. INGESTS)  { run Ingest() }
    for (i : 1 .. SIGNERS)  { run Signer() }
    for (i : 1 .. SEALERS)  { run Sealer() }
#if SWEEPERS > 0
    for (i : 1 .. SWEEPERS) { run Sweeper() }
#endif
#ifdef PERIODS
    run Time();
    for (i : 1 .. CLOSERS)   { run Closer() }
    for (i : 1 .. ARCHIVERS) { run Archiver() }
#endif
#ifdef FREEZE
    run Operator();
#endif
    run Rest();
    i = 0
  }
}
