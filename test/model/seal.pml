/* functions/seal-ledger: heads in one snapshot, the record, the signature, the vault, the mark. */

#define SNAPSHOT   1
#define INTEND     2
#define UNFINISHED 3
#define SIGN       4
#define KEEP       5
#define PARTS      6
#define PUBLISH    7
#define MARK       8
#define SAY        9

/* What a checkpoint's signature is: the same each time (RSASSA-PKCS1-v1_5). */
#ifdef M_SIGNATURE_VARIES
#define SIGNATURE (1 + _pid % 2)
#else
#define SIGNATURE 1
#endif

#ifdef M_SEAL_NUMBER_UNTIED
#define MINE (1)
#else
#define MINE (seals == n)
#endif

inline next_seal() {
  if
  :: due == 0 -> s = 0; done = 0; phase = IDLE
  :: due != 0 ->
     s = 0;
     do
     :: (due & (1 << s)) -> break
     :: else -> s++
     od;
     phase = ((done & (1 << s)) -> PARTS : SIGN)
  fi
}

proctype Sealer() {
  byte phase, n, h, due, done, s, sig;
end:
  do
  :: atomic { phase == IDLE && sealBell > 0 -> DELIVER(sealBell, phase) }

#ifdef M_SEAL_TWO_SNAPSHOTS
  :: atomic { phase == SNAPSHOT && h == 0 && head != 0 -> h = head }
  :: atomic { phase == SNAPSHOT && (h != 0 || head == 0) ->
#else
  :: atomic { phase == SNAPSHOT -> h = head;
#endif
       /* step: seal.snapshot */
       n = seals;
       if
       :: h == 0 -> phase = UNFINISHED
       :: h != 0 && n > 0 && heads[n - 1] == h -> phase = UNFINISHED
       :: h != 0 && n > 0 && heads[n - 1] != h && fresh -> delays++; phase = UNFINISHED
       :: h != 0 && (n == 0 || (heads[n - 1] != h && !fresh)) -> phase = INTEND
       fi;
       if
       :: phase == UNFINISHED -> n = 0; h = 0
       :: else
       fi }

  :: atomic { phase == INTEND ->
       /* step: seal.intend */
       if
       :: !(MINE) ->
#ifdef M_SLOWER_SEALER_GIVES_UP
          phase = UNFINISHED
#else
          phase = SNAPSHOT                   /* another was faster, maybe with older heads: looks again */
#endif
       :: MINE ->
          phase = UNFINISHED;
          CLAIM(one_record_per_seal_number, heads[n] == 0);
          CLAIM(a_seal_covers_only_committed_pages, h <= head);
          CLAIM(seals_grow, n == 0 || h > heads[n - 1]);
          heads[n] = h;
          unpublished = unpublished | (1 << n);
          seals = n + 1;
#ifdef INTERVAL
          if :: fresh = 1 :: fresh = 0 fi
#endif
       fi;
       n = 0; h = 0 }

  :: atomic { phase == UNFINISHED ->
       /* step: seal.unfinished */
       due = unpublished;
       s = 0;
       do
       :: s < seals -> if :: jws[s] != 0 -> done = done | (1 << s) :: else fi; s++
       :: else -> break
       od;
       next_seal() }

  :: atomic { phase == SIGN ->
       /* step: seal.sign */
       sig = SIGNATURE; phase = KEEP }

  :: atomic { phase == KEEP ->
       /* step: seal.keep-signature */
       jws[s] = sig; sig = 0; phase = PARTS }

#ifdef M_SEAL_REDERIVED
#define HEADS_OF_SEAL head
#else
#define HEADS_OF_SEAL heads[s]
#endif
#ifdef M_MARK_BEFORE_VAULT
#define AFTER_PARTS MARK
#define AFTER_MARK  PUBLISH
#define AFTER_VAULT SAY
#else
#define AFTER_PARTS PUBLISH
#define AFTER_MARK  SAY
#define AFTER_VAULT MARK
#endif

  :: atomic { phase == PARTS ->
       /* step: seal.keep-parts */
#ifndef M_PARTS_AFTER_SEAL
       parts = parts | (1 << s);
#endif
       phase = AFTER_PARTS }

  :: atomic { phase == PUBLISH ->
       /* step: seal.publish */
       CLAIM(a_seal_in_the_vault_has_its_parts, (parts & (1 << s)) != 0);
       if
       :: vaultHeads[s] == 0 -> vaultHeads[s] = HEADS_OF_SEAL; vaultJws[s] = SIGNATURE
       :: else -> CLAIM(published_bytes_are_the_record, vaultJws[s] == SIGNATURE)  /* the vault holds another seal */
       fi;
       CLAIM(published_bytes_are_the_record, vaultHeads[s] == heads[s]);
       phase = AFTER_VAULT }

  :: atomic { phase == MARK ->
       /* step: seal.mark-published */
       CLAIM(what_is_published_is_in_the_vault, vaultHeads[s] != 0);
       CLAIM(published_bytes_are_the_record, vaultHeads[s] == heads[s] && vaultJws[s] == jws[s]);
       unpublished = unpublished & ~(1 << s);
       phase = AFTER_MARK }

  :: atomic { phase == SAY ->
       /* step: seal.ring */
#ifdef PERIODS
       RING(archiveBell);
#endif
       due = due & ~(1 << s);
       next_seal() }

  :: atomic { phase != IDLE && FAULT;
       AGAIN(sealBell);
       phase = IDLE; n = 0; h = 0; due = 0; done = 0; s = 0; sig = 0 }
  od
}
