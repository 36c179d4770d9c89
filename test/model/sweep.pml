/* functions/reconcile-chain/sweep: rings again and copies again, from rows alone. */

#define RING_USAGE   1
#define LOOK         2
#define COPY         3
#define RING_SEALER  4
#define RING_ARCHIVE 5

#define SEAL_IS_DUE (unpublished != 0 || (head != 0 && (seals == 0 || heads[seals - 1] != head)))

inline sweep_step() {
  if
  :: atomic { phase == RING_USAGE ->
       /* step: sweep.ring-usage */
       if
       :: waiting != 0 && !frozen -> RING(usageBell)
       :: else
       fi;
       phase = LOOK }

  :: atomic { phase == LOOK ->
       /* step: sweep.heads */
       h = head; at = copied + 1;
       phase = (at <= h -> COPY : RING_SEALER);
#ifdef M_SWEEP_REMEMBERS_TOO_EARLY
       copied = h;
#endif
       if :: phase != COPY -> h = 0; at = 0 :: else fi }

  :: atomic { phase == COPY ->
       /* step: sweep.mirror */
       if
       :: mirror_create(at, page[at]);
          at = at + SIZE(page[at]);
          if
          :: at > h -> copied = h; h = 0; at = 0; phase = RING_SEALER
          :: else
          fi
       :: FAULT; h = 0; at = 0; phase = RING_SEALER      /* away: the rest of the pass goes on */
       fi }

  :: atomic { phase == RING_SEALER ->
       /* step: sweep.ring-sealer */
       if
       :: SEAL_IS_DUE -> RING(sealBell)
       :: else
       fi;
#ifdef PERIODS
       phase = RING_ARCHIVE }

  :: atomic { phase == RING_ARCHIVE ->
       /* step: sweep.ring-archive */
       if
       :: unarchived != 0 -> RING(archiveBell)
       :: else
       fi;
#endif
       phase = IDLE }

     /* It ends, with all that it remembers. */
  :: atomic { phase != IDLE && FAULT; phase = IDLE; h = 0; at = 0; copied = 0 }
  fi
}

/* A pass at any time, beside everything else. */
proctype Sweeper() {
  byte phase, h, at, copied;
  phase = RING_USAGE;
  do
  :: phase != IDLE -> sweep_step()
  :: phase == IDLE -> break
  od;
  h = 0; at = 0; copied = 0
}

#ifdef PERIODS
#define ARCHIVED (unarchived == 0 && closed == 2)
#else
#define ARCHIVED (1)
#endif

inline look_at_the_mirror() {
  at = 1; isWhole = 1;
  do
  :: at <= head -> if :: mirror[at] == 0 -> isWhole = 0 :: else fi; at = at + SIZE(page[at])
  :: else -> break
  od;
  at = 0
}

/* The sweep that comes when nothing else can happen; it ends when there is nothing left to do, and that is judged. */
proctype Rest() {
  byte phase, h, at, copied, prior;
  bool isWhole;
  do
  :: atomic { phase == IDLE && timeout ->
       look_at_the_mirror();
       if
#ifdef M_NO_SWEEP
       :: break
#else
       :: waiting == 0 && isWhole && !(SEAL_IS_DUE) && !frozen && ARCHIVED -> break
       :: else ->
          rounds++;
          /* Time passes: somebody has looked at the freeze, the distance is kept, the period is over. */
          frozen = 0; fresh = 0;
#ifdef PERIODS
          if :: over < 2 -> over = 2; delays++ :: else fi;
#endif
          /* Each fault may cost one pass, and so may what time alone puts off. */
          CLAIM(sweeps_repair_what_faults_lost, rounds <= faults + delays);
          phase = RING_USAGE
#endif
       fi;
       isWhole = 0 }
  :: phase != IDLE -> sweep_step()
  od;

  atomic {
    CLAIM(every_caller_is_answered, OPEN == 0);
    CLAIM(what_was_acknowledged_is_billed, (acked & ~billed) == 0);
    CLAIM(nothing_is_billed_that_no_key_stands_for, (billed & ~known) == 0);
    CLAIM(the_limit_is_never_exceeded, SIZE(billed) <= LIMIT);
    at = 1;
    do
    :: at <= head ->
       CLAIM(numbers_are_dense_and_pages_linked, page[at] != 0 && link[at] == prior);
       CLAIM(the_mirror_is_whole, mirror[at] == page[at]);
       prior = at;
       at = at + SIZE(page[at])
    :: else -> break
    od;
    CLAIM(numbers_are_dense_and_pages_linked, at == head + 1 && prior == last);
    CLAIM(everything_is_under_a_seal, seals > 0 && heads[seals - 1] == head && unpublished == 0);
    at = 0;
    do
    :: at < seals ->
       CLAIM(published_bytes_are_the_record, vaultHeads[at] == heads[at] && vaultJws[at] == jws[at]);
       at++
    :: else -> break
    od;
    at = 0; prior = 0
#ifdef PERIODS
    ; CLAIM(each_key_is_on_one_invoice, (invoice[1] & invoice[2]) == 0 && (invoice[1] | invoice[2]) == billed);
    CLAIM(every_invoice_has_its_evidence, unarchived == 0 && evidence[1] != 0 && evidence[2] != 0);
    CLAIM(invoice_numbers_have_no_gap, numbers == 2 && number[1] + number[2] == 3)
#endif
  }
}
