# What everything is called. Names are functions of the project alone, so roots with separate states agree on them without
# reading each other's state, and a plan shows every name before anything exists.

locals {
  names = {
    spanner_instance   = "tallystick"
    spanner_database   = "tallystick"
    firestore_database = "(default)"
    vault_bucket       = "${var.project}-vault"
    packages_bucket    = "${var.project}-packages"
    repository         = "functions"
    signing_ring       = "tallystick-signing"
    data_ring          = "tallystick-data"
    topic_prefix       = "tallystick-"
    ledger_writer_role = "ledgerWriter"

    # By the variable that a function finds the value in.
    secrets = { CURSOR_KEY = "cursor-key" }
  }

  at = "@${var.project}.iam.gserviceaccount.com"

  function_accounts = { for name in keys(local.functions) : name => "fn-${name}" }

  # push and scheduler call functions, builder builds them, migrator makes tables. deployer brings new versions of what runs;
  # steward changes what must not be lost (project, data, identity). None of them may sign, and none is used by a function.
  other_accounts = {
    push      = "pubsub-push"
    scheduler = "scheduler-jobs"
    builder   = "builder"
    migrator  = "migrator"
    deployer  = "deployer"
    steward   = "steward"
  }

  # Who may call what only Pub/Sub and Scheduler call, by function.
  pushed    = toset(values(local.subscriptions)[*].function)
  scheduled = toset(values(local.jobs)[*].function)
  callers = {
    for name in keys(local.functions) : name => concat(
      contains(local.pushed, name) ? ["${local.other_accounts.push}${local.at}"] : [],
      contains(local.scheduled, name) ? ["${local.other_accounts.scheduler}${local.at}"] : [],
    )
  }
}
