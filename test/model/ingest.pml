/* functions/ingest: known keys, limit and batch in one transaction; the doorbell; the answer. */

/* One caller's request, or several that share a transaction: keys nobody has an answer for yet. */
#define ASK(keys) \
  if \
  :: (OPEN & 1) -> keys = 1 \
  :: (OPEN & 2) -> keys = 2 \
  :: (OPEN & 3) == 3 -> keys = 3 \
  ASK_THIRD(keys) \
  :: (OPEN != 0 && faults < FAULTS) -> faults++; keys = ALL  /* what was answered is sent once more */ \
  fi
#if KEYS > 2
#define ASK_THIRD(keys) :: (OPEN & 4) -> keys = 4 :: (OPEN & 7) == 7 -> keys = 7
#else
#define ASK_THIRD(keys)
#endif

#ifdef M_DEDUPE_OUTSIDE
#define KNOWN early
#else
#define KNOWN known
#endif
#ifdef M_LIMIT_OUTSIDE
#define COUNTER early
#else
#define COUNTER used
#endif

inline accept_one(key) {
  if
  :: (ask & key) && !(seen & key) ->
     if
     :: spent < LIMIT -> spent++; got = got | key
     :: else -> no = no | key
     fi
  :: else
  fi
}

inline keep_batch() {
  spent = COUNTER;
  seen = KNOWN;
  accept_one(1);
  accept_one(2);
#if KEYS > 2
  accept_one(4);
#endif
  if
  :: got != 0 ->
     known = known | got;
#ifdef M_LIMIT_OUTSIDE
     used = used + SIZE(got);
#else
     used = spent;
#endif
     batch[batches] = got;
     waiting = waiting | (1 << batches);
     batches++;
     CLAIM(the_limit_is_never_exceeded, used <= LIMIT);
     got = 1
  :: else
  fi;
  spent = 0; seen = 0
}

proctype Ingest() {
  byte ask, no, got, spent, seen;
#if defined(M_DEDUPE_OUTSIDE) || defined(M_LIMIT_OUTSIDE)
  byte early;
#endif
end:
  do
  :: atomic { ASK(ask) }
#ifdef M_DEDUPE_OUTSIDE
     early = known;
#endif
#ifdef M_LIMIT_OUTSIDE
     early = used;
#endif
#ifdef M_ANSWER_BEFORE_COMMIT
     acked = acked | ask;
#endif
#ifdef M_DOORBELL_BEFORE_COMMIT
     atomic { RING(usageBell) }
#endif
     atomic {
       /* step: ingest.commit */
       if
       :: FAULT; ask = 0                  /* aborted, or the process has ended: nothing is kept */
       :: keep_batch()
       fi;
#if defined(M_DEDUPE_OUTSIDE) || defined(M_LIMIT_OUTSIDE)
       early = 0
#endif
     }
     if
     :: ask == 0
     :: ask != 0 ->
        if
        :: got == 0
        :: atomic { got != 0 ->
             /* step: ingest.ring */
             if
#ifndef M_DOORBELL_BEFORE_COMMIT
             :: RING(usageBell)
#else
             :: skip
#endif
             :: FAULT                      /* not said: logged, and answered all the same */
             fi;
             got = 0 }
        fi;
        atomic {
          /* step: ingest.answer */
          if
          :: acked = acked | (ask & ~no); refused = refused | no
          :: FAULT                         /* applied, and nobody knows: the process ended, or the answer was lost */
#ifdef M_NEW_KEY_ON_RETRY
             ; known = known & ~ask
#endif
          fi;
          ask = 0; no = 0; got = 0 }
     fi
  od
}
