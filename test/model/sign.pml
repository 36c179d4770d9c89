/* functions/sign-receipts: a draft on a snapshot, a commit on a head that has not moved, then the mirror and the doorbell. */

#define IDLE     0
#define DRAFT    1
#define COMMIT   2
#define ANNOUNCE 3
#define DONE     4

/* The mirror's own rule, used by signer and sweep alike: written once; the same again is present. */
inline mirror_create(at, bytes) {
#ifdef M_MIRROR_ADDS
  CLAIM(the_mirror_holds_each_page_once, mirror[at] == 0);
#endif
#ifdef M_MIRROR_OVERWRITES
  mirror[at] = bytes;
#else
  if
  :: mirror[at] == 0 -> mirror[at] = bytes
  :: else
  fi;
#endif
  CLAIM(the_mirror_is_never_ahead_of_the_chain, at <= head && page[at] != 0);
  CLAIM(the_mirror_never_differs_from_the_chain, mirror[at] == page[at])
}

inline bill_batch(b) {
  if
  :: (take & (1 << b)) ->
     CLAIM(each_key_is_billed_at_most_once, (billed & batch[b]) == 0);
     billed = billed | batch[b];
     bytes = bytes | batch[b]
  :: else
  fi
}

inline append_page(first, keys) {
  CLAIM(a_page_is_never_rewritten, page[first] == 0);
  CLAIM(numbers_are_dense_and_pages_linked, first == head + 1 && prior == last);
  page[first] = keys;
  link[first] = prior;
  last = first;
  head = first + SIZE(keys) - 1
}

/* As many as one commit takes, in the order of ids: made of their instance's clock, so the newer one may come first. */
#define FIRST  (waiting & ~(waiting & (waiting - 1)))
#define OTHERS (waiting & (waiting - 1))
#define TAKE_SOME \
  if \
  :: take = waiting; isMore = 0 \
  :: OTHERS != 0 -> take = FIRST; isMore = 1 \
  :: OTHERS != 0 -> take = OTHERS; isMore = 1 \
  fi

#ifdef M_NO_CAS
#define STANDS (1)
#elif defined(M_HEAD_UNWATCHED) || defined(M_NUMBER_OUTSIDE)
#define STANDS ((waiting & take) == take && !frozen)
#elif defined(M_FREEZE_UNWATCHED)
#define STANDS (head == at && (waiting & take) == take)
#else
#define STANDS (head == at && (waiting & take) == take && !frozen)
#endif

#ifdef M_NUMBER_OUTSIDE
byte given;
#endif

#ifdef M_MIRROR_OVERWRITES
#define COPY_OF(b) if :: (take & (1 << b)) -> bytes = bytes | batch[b] :: else fi
inline copy_of_draft() {
  COPY_OF(0); COPY_OF(1); COPY_OF(2); COPY_OF(3)
}
#endif

inline commit_draft() {
  bytes = 0;
  bill_batch(0); bill_batch(1); bill_batch(2); bill_batch(3);
#if KEYS > 2
  bill_batch(4); bill_batch(5);
#endif
  CLAIM(nothing_is_billed_while_frozen, !frozen);
#ifdef PERIODS
  CLAIM(nothing_is_billed_in_a_closed_period, billedIn > closed);
  bucket[billedIn] = bucket[billedIn] | bytes;
#endif
  append_page(at + 1, bytes);
#ifndef M_WAITING_STAYS
  waiting = waiting & ~take;
#endif
  next = at + 1
}

proctype Signer() {
  byte phase, at, prior, take, bytes, next, pending, pendingBytes;
  bool isMore;
#ifdef PERIODS
  byte billedIn;
#endif
end:
  do
  :: atomic { phase == IDLE && usageBell > 0 -> DELIVER(usageBell, phase) }

  :: atomic { phase == DRAFT ->
       /* step: sign.draft */
       if
       :: frozen || waiting == 0 -> phase = DONE
       :: !frozen && waiting != 0 ->
          at = head; prior = last; phase = COMMIT;
#ifdef M_NUMBER_OUTSIDE
          at = given; given = given + 1;
#endif
#ifdef PERIODS
          billedIn = closed + 1;
#endif
          TAKE_SOME
       fi }

#ifdef M_MIRROR_BEFORE_COMMIT
  :: atomic { phase == COMMIT && mirror[at + 1] == 0 -> mirror_create(at + 1, waiting) }
#endif

  :: atomic { phase == COMMIT ->
       /* step: sign.commit */
       if
       :: !(STANDS) -> phase = DRAFT
#ifdef M_MIRROR_OVERWRITES
          ; if
          :: pending == 0 && next == 0 -> next = at + 1; copy_of_draft()   /* whether or not it was committed */
          :: else
          fi
#endif
       :: STANDS -> commit_draft(); phase = ANNOUNCE
       fi;
       at = 0; prior = 0; take = 0;
#ifdef PERIODS
       billedIn = 0;
#endif
       /* The pages of the commit before are waited for, then these are copied while the next draft is made. */
       if
       :: next != 0 && pending == 0 -> pending = next; pendingBytes = bytes; next = 0; bytes = 0
       :: else
       fi }

  :: atomic { pending != 0 ->
       /* step: sign.mirror */
       if
       :: mirror_create(pending, pendingBytes)
       :: FAULT                              /* away: the sweep copies */
       fi;
       pending = next; pendingBytes = bytes; next = 0; bytes = 0 }

  :: atomic { phase == ANNOUNCE && next == 0 ->
       /* step: sign.ring */
       RING(sealBell);
       phase = (isMore -> DRAFT : DONE);
       isMore = 0 }

  :: atomic { phase == DONE && pending == 0 -> phase = IDLE }

     /* The process ends, or a remote answers with an error, at any of these steps, with what it remembered. */
  :: atomic { phase != IDLE && FAULT;
       AGAIN(usageBell);
       phase = IDLE; at = 0; prior = 0; take = 0; bytes = 0; next = 0; pending = 0; pendingBytes = 0; isMore = 0
#ifdef PERIODS
       ; billedIn = 0
#endif
     }
  od
}
