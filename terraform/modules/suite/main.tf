# The one table of the suite: what is deployed, who rings whom, and what each function may touch. Service accounts, grants,
# functions, subscriptions, jobs, alerts and the load balancer are all made from it; nothing else lists the functions.
#
# A function's name is its folder's name under functions/, and its name everywhere: registered target, Terraform key, Cloud
# Run service, log label, service account fn-<name> (an account id has at least six characters, `api` has three).

locals {
  # timeout_seconds  longest a request may take. For push it is at most the subscription's ack deadline.
  # public           reached from the internet through the load balancer; its callers are checked in code (API key, JWT).
  # database         write: reads and read-write transactions; read: snapshots only.
  # publishes        topics it rings. The sweep rings again whatever went unanswered, hence reconcile-chain's list.
  # firestore        mirror of ledger pages and what tenants see at a glance: write or none.
  # vault_create     may make objects in the archive. Nobody may overwrite or delete: no role with that permission is given.
  # vault_read       reads objects. Whoever creates also reads: a refused creation is compared with what is there.
  # signs            KMS keys it signs with. A key has one purpose, so that a report can never be shown as a checkpoint.
  # unwraps          opens organizations' data keys, and so the personal data that is sealed with them.
  # links            makes signed download links, for which it signs with its own account.
  # secrets          variables whose values it is given out of Secret Manager, at its start.
  functions = {
    ingest = {
      timeout_seconds = 60
      public          = true
      database        = "write"
      publishes       = ["usage-accepted"]
      firestore       = "none"
      vault_create    = false
      vault_read      = false
      signs           = []
      unwraps         = true
      links           = false
      secrets         = []
    }
    sign-receipts = {
      timeout_seconds = 240
      public          = false
      database        = "write"
      publishes       = ["receipts-appended"]
      firestore       = "write"
      vault_create    = false
      vault_read      = false
      signs           = []
      unwraps         = true
      links           = false
      secrets         = []
    }
    seal-ledger = {
      timeout_seconds = 240
      public          = false
      database        = "write"
      publishes       = ["ledger-sealed"]
      firestore       = "none"
      vault_create    = true
      vault_read      = true
      signs           = ["checkpoint"]
      unwraps         = false
      links           = false
      secrets         = []
    }
    reconcile-chain = {
      timeout_seconds = 1800
      public          = false
      database        = "write"
      publishes       = ["usage-accepted", "receipts-appended", "period-invoiced"]
      firestore       = "write"
      vault_create    = true
      vault_read      = true
      signs           = ["evidence"]
      unwraps         = true
      links           = false
      secrets         = []
    }
    run-invoices = {
      timeout_seconds = 540
      public          = false
      database        = "write"
      publishes       = ["receipts-appended", "period-invoiced", "period-due"]
      firestore       = "write"
      vault_create    = false
      vault_read      = false
      signs           = []
      unwraps         = true
      links           = false
      secrets         = []
    }
    archive-period = {
      timeout_seconds = 540
      public          = false
      database        = "write"
      publishes       = []
      firestore       = "write"
      vault_create    = true
      vault_read      = true
      signs           = ["evidence"]
      unwraps         = false
      links           = false
      secrets         = []
    }
    api = {
      timeout_seconds = 60
      public          = true
      database        = "write"
      publishes       = ["receipts-appended", "period-invoiced"]
      firestore       = "write"
      vault_create    = false
      vault_read      = true
      signs           = []
      unwraps         = true
      links           = true
      secrets         = ["CURSOR_KEY"]
    }
  }

  # Doorbells, with the attributes that each carries. They name rows and never hold what is in them.
  topics = {
    usage-accepted    = ["tenant"]
    receipts-appended = []
    ledger-sealed     = ["seal"]
    period-invoiced   = ["tenant", "number"]
    period-due        = ["tenant"]
  }

  # Who answers which doorbell. For push, the ack deadline is also how long Pub/Sub waits for the answer.
  subscriptions = {
    sign-receipts           = { topic = "usage-accepted", function = "sign-receipts", ack_deadline_seconds = 300 }
    seal-ledger             = { topic = "receipts-appended", function = "seal-ledger", ack_deadline_seconds = 300 }
    archive-period          = { topic = "ledger-sealed", function = "archive-period", ack_deadline_seconds = 600 }
    archive-period-invoiced = { topic = "period-invoiced", function = "archive-period", ack_deadline_seconds = 600 }
    run-invoices            = { topic = "period-due", function = "run-invoices", ack_deadline_seconds = 600 }
  }

  # handler_seconds  longest that the handler works when all is well; the scheduler waits at least that long.
  # everywhere       runs in every serving location: its work is found in rows, so a second run finds nothing to do.
  #                  The deep pass runs in one place: two at once would write overlapping segments to the vault.
  #                  The tail check would only read everything twice.
  #                  So does retirement, once a day while little is used: what one call leaves, the next takes.
  jobs = {
    sweep    = { function = "reconcile-chain", path = "/sweep", schedule = "* * * * *", handler_seconds = 60, attempt_deadline_seconds = 120, retries = 0, everywhere = true }
    tail     = { function = "reconcile-chain", path = "/tail", schedule = "* * * * *", handler_seconds = 60, attempt_deadline_seconds = 180, retries = 0, everywhere = false }
    deep     = { function = "reconcile-chain", path = "/deep", schedule = "7 * * * *", handler_seconds = 1800, attempt_deadline_seconds = 1800, retries = 1, everywhere = false }
    deep-all = { function = "reconcile-chain", path = "/deep?full=true", schedule = "37 3 * * 0", handler_seconds = 1800, attempt_deadline_seconds = 1800, retries = 1, everywhere = false }
    retire   = { function = "reconcile-chain", path = "/retire", schedule = "17 3 * * *", handler_seconds = 540, attempt_deadline_seconds = 600, retries = 1, everywhere = false }
    audit    = { function = "reconcile-chain", path = "/audit-digest", schedule = "27 0 * * *", handler_seconds = 540, attempt_deadline_seconds = 600, retries = 1, everywhere = false }
    invoices = { function = "run-invoices", path = "/run", schedule = "* * * * *", handler_seconds = 540, attempt_deadline_seconds = 600, retries = 0, everywhere = true }
    seal     = { function = "seal-ledger", path = "/run", schedule = "* * * * *", handler_seconds = 60, attempt_deadline_seconds = 300, retries = 0, everywhere = true }
  }

  folders = toset([for file in fileset("${path.module}/../../../functions", "*/index.ts") : dirname(file)])

  # What the audit trail keeps of the functions' own log.
  kept_sentences = [
    "audit_log_changed",
    "billing_frozen",
    "evidence_archived",
    "evidence_downloaded",
    "invoice_issued",
    "ledger_fault",
    "ledger_sealed",
    "mirror_differs",
    "projection_ahead",
    "push_set_aside",
    "reconciled",
    "registry_damaged",
    "retire_refused",
    "retired",
    "tail_verified",
    "usage_unratable",
  ]
}
