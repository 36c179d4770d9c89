/* What is durable, what is on its way, and what must always hold. One organization's log: logs share nothing but the seal.
 *
 * Sizes:  KEYS usage events to bill, FAULTS that may happen in all, LIMIT of events, SWEEPS passes at any time (at rest the
 *         sweep passes as often as it must), how many of each step run at once: INGESTS SIGNERS SEALERS SWEEPERS
 *         CLOSERS ARCHIVERS.
 * Parts:  PERIODS (close, invoice, evidence), FREEZE (billing is stopped and let go on), INTERVAL (seals keep a distance).
 * M_...:  one deliberate mistake each. */
#ifndef KEYS
#define KEYS 2
#endif
#ifndef FAULTS
#define FAULTS 1
#endif
#ifndef LIMIT
#define LIMIT KEYS
#endif
#ifndef INGESTS
#define INGESTS 1
#endif
#ifndef SIGNERS
#define SIGNERS 1
#endif
#ifndef SEALERS
#define SEALERS 1
#endif
#ifndef SWEEPERS
#define SWEEPERS 0
#endif
#ifndef CLOSERS
#define CLOSERS 1
#endif
#ifndef ARCHIVERS
#define ARCHIVERS 1
#endif

#define ALL      ((1 << KEYS) - 1)
#define BATCHES  (2 * KEYS)
#define ENTRIES  (2 * KEYS + 4)
#define SEALS    (KEYS + 4)
#define BELLS    2

/* What must hold. A claim names itself where it fails: hidden variables are never set and are no part of a state. */
hidden byte each_key_is_billed_at_most_once, what_was_acknowledged_is_billed, every_caller_is_answered;
hidden byte numbers_are_dense_and_pages_linked, a_page_is_never_rewritten, nothing_is_billed_while_frozen;
hidden byte the_limit_is_never_exceeded, nothing_is_billed_that_no_key_stands_for;
hidden byte the_mirror_never_differs_from_the_chain, the_mirror_is_never_ahead_of_the_chain, the_mirror_is_whole, the_mirror_holds_each_page_once;
hidden byte a_seal_covers_only_committed_pages, seals_grow, one_record_per_seal_number;
hidden byte published_bytes_are_the_record, a_seal_in_the_vault_has_its_parts, what_is_published_is_in_the_vault;
hidden byte everything_is_under_a_seal, sweeps_repair_what_faults_lost;
hidden byte a_period_is_closed_once, invoice_numbers_have_no_gap, usage_before_the_close_is_in_its_invoice;
hidden byte each_key_is_on_one_invoice, evidence_is_the_same_each_time, evidence_rests_on_a_published_seal;
hidden byte every_invoice_has_its_evidence, nothing_is_billed_in_a_closed_period;
#define CLAIM(name, holds) assert(name || (holds))

byte faults;
#define FAULT (faults < FAULTS) -> faults++
/* Sweeps that were needed at rest; what was put off without a fault: a seal that keeps its distance, a freeze. */
byte rounds, delays;

/* the database */
byte known, used;                    /* dedupe: keys; the limit's counter */
byte batch[BATCHES], batches;        /* keys of each batch */
byte waiting;                        /* batches that are not receipts yet */
byte head, last;                     /* size of the log; first number of its last page, 0 before there is one */
byte page[ENTRIES], link[ENTRIES];   /* by first number, from 1: keys, or what it closes; the page before */
byte billed;
byte seals, heads[SEALS], jws[SEALS], unpublished;
bool fresh, frozen;

/* the mirror and the vault: create-only */
byte mirror[ENTRIES];
byte parts, vaultHeads[SEALS], vaultJws[SEALS];

/* what callers know */
byte acked, refused;
#define OPEN (ALL & ~(acked | refused))
#ifdef M_NEW_KEY_ON_RETRY
byte charged;
#endif

/* doorbells that are out: contentless, so their order means nothing and more than two say no more than two */
byte usageBell, sealBell, archiveBell;
#define RING(bell)    if :: bell < BELLS -> bell++ :: else fi
/* Each delivery may be lost; each may come once more. @param to what hears it */
#define DELIVER(bell, to) \
  if \
  :: bell--; to = 1 \
  :: FAULT; bell--           /* lost */ \
  :: FAULT; to = 1           /* doubled: it stays, and comes again */ \
  fi
/* A worker that ended in the middle, or answered with an error: the bus gives the message again, or has given it up. */
#define AGAIN(bell) \
  if \
  :: RING(bell) \
  :: skip \
  fi

#define CLOSE(period) (32 << (period))  /* an entry that closes period 1 or 2: 64, 128 */
#define SIZE(keys)    ((keys) >= 64 -> 1 : ((keys) & 1) + (((keys) >> 1) & 1) + (((keys) >> 2) & 1))

#ifdef PERIODS
byte over;                           /* periods whose end and grace are past */
byte closed, numbers;                /* periods that are closed; invoice numbers given */
byte bucket[3];                      /* by period: keys billed in it, the running sums that the head transaction keeps */
byte invoice[3], number[3], closeSeq[3];  /* by period: keys, number, the entry that closes it */
byte unarchived, evidence[3];        /* invoices without evidence; in the vault: the seal it rests on, from 1 */
#endif
