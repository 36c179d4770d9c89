/* functions/run-invoices and functions/archive-period: a period is closed into its invoice in one transaction on the head;
 * its evidence rests on the first published seal that covers the close. All usage is of period 1: what is billed after its
 * close is late, and billed in period 2, which is closed at rest. */

#define DUE      1
#define CLOSING  2
#define COPYING  3
#define SEALING  4
#define ASKING   5

inline close_period() {
  CLAIM(a_period_is_closed_once, !(closed >= p));
  CLAIM(usage_before_the_close_is_in_its_invoice, (known & ~billed) == 0);
  prior = last;
  append_page(head + 1, CLOSE(p));
  at = head;
  invoice[p] = bucket[p];
  closeSeq[p] = head;
#ifndef M_INVOICE_NUMBER_OUTSIDE
  numbers++;
  given = numbers;
#endif
  number[p] = given;
  closed = p;
  unarchived = unarchived | (1 << p);
  prior = 0; given = 0
}

#ifdef M_CLOSE_OVER_WAITING
#define MUST_WAIT (0)
#else
#define MUST_WAIT (waiting != 0)
#endif
#ifdef M_CLOSED_UNCHECKED
#define IS_CLOSED (0)
#else
#define IS_CLOSED (closed >= p)
#endif

/* The scheduler fires each minute: as long as something is due, it comes again. */
proctype Closer() {
  byte phase, p, at, prior, given;
end:
  do
  :: atomic { phase == IDLE && closed < over && !frozen ->
       /* step: close.due */
#ifdef M_CLOSE_OVER_WAITING
       if :: waiting == 0 -> skip fi;
#endif
#ifdef M_INVOICE_NUMBER_OUTSIDE
       numbers++;
       given = numbers;
#endif
       p = closed + 1; phase = CLOSING }

  :: atomic { phase == CLOSING ->
       /* step: close.commit */
       if
       :: frozen -> phase = IDLE
       :: !frozen && MUST_WAIT -> RING(usageBell); phase = IDLE    /* receipts first: it signs, then looks again */
       :: !frozen && !(MUST_WAIT) && IS_CLOSED -> phase = IDLE
       :: !frozen && !(MUST_WAIT) && !(IS_CLOSED) -> close_period(); phase = COPYING
       fi;
       given = 0;
       p = 0 }

  :: atomic { phase == COPYING ->
       /* step: close.mirror */
       if
       :: mirror_create(at, page[at])
       :: FAULT
       fi;
       at = 0; phase = SEALING }

  :: atomic { phase == SEALING ->
       /* step: close.ring-sealer */
       RING(sealBell); phase = ASKING }

  :: atomic { phase == ASKING ->
       /* step: close.ring-archive */
       RING(archiveBell); phase = IDLE }

  :: atomic { phase != IDLE && FAULT; phase = IDLE; p = 0; at = 0; given = 0 }
  od
}

#define LOOKING   1
#define COMPOSING 2
#define STORING   3
#define MARKING   4

/* Seals that are in the vault, all of them: they are published in order. */
#define PUBLISHED (unpublished == 0 -> seals : lowest)

inline next_invoice() {
  if
  :: due & 2 -> p = 1; phase = COMPOSING
  :: !(due & 2) && (due & 4) -> p = 2; phase = COMPOSING
  :: !(due & 6) -> due = 0; p = 0; latest = 0; phase = IDLE
  fi
}

proctype Archiver() {
  byte phase, p, due, latest, lowest, found;
end:
  do
  :: atomic { phase == IDLE && archiveBell > 0 -> DELIVER(archiveBell, phase) }

  :: atomic { phase == LOOKING ->
       /* step: archive.look */
#ifdef M_EVIDENCE_BEFORE_ITS_SEAL
       latest = seals;
#else
       do
       :: unpublished != 0 && !(unpublished & (1 << lowest)) -> lowest++
       :: else -> break
       od;
       latest = PUBLISHED;
#endif
       lowest = 0;
       due = unarchived;
       next_invoice() }

  :: atomic { phase == COMPOSING ->
       /* step: archive.compose */
#ifdef M_EVIDENCE_BY_LATEST_SEAL
       if
       :: latest > 0 && heads[latest - 1] >= closeSeq[p] -> found = latest
       :: else
       fi;
#else
       lowest = 0;
       do
       :: lowest < latest && heads[lowest] < closeSeq[p] -> lowest++
       :: else -> break
       od;
       found = (lowest < latest -> lowest + 1 : 0);
       lowest = 0;
#endif
       if
       :: found == 0 || frozen -> found = 0; due = due & ~(1 << p); next_invoice()
       :: else -> phase = STORING
       fi }

  :: atomic { phase == STORING ->
       /* step: archive.publish */
       CLAIM(evidence_rests_on_a_published_seal, vaultHeads[found - 1] != 0 && !(unpublished & (1 << (found - 1))));
       CLAIM(evidence_is_the_same_each_time, evidence[p] == 0 || evidence[p] == found);
       evidence[p] = found;
       found = 0; phase = MARKING }

  :: atomic { phase == MARKING ->
       /* step: archive.mark */
       unarchived = unarchived & ~(1 << p);
       due = due & ~(1 << p);
       next_invoice() }

  :: atomic { phase != IDLE && FAULT;
       AGAIN(archiveBell);
       phase = IDLE; p = 0; due = 0; latest = 0; found = 0 }
  od
}

/* Period 1 ends at any time; period 2 ends at rest. */
proctype Time() {
  atomic { over == 0 -> over = 1 }
}
