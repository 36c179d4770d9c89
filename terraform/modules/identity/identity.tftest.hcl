mock_provider "google" {
  override_during = plan

  mock_resource "google_service_account" {
    defaults = { email = "someone@tallystick-test-eu.iam.gserviceaccount.com", name = "projects/tallystick-test-eu/serviceAccounts/someone" }
  }
}

# The real table: what these grants are made from in every environment.
run "suite" {
  command = plan

  variables {
    project = "tallystick-test-eu"
  }

  module {
    source = "../suite"
  }
}

variables {
  project            = "tallystick-test-eu"
  project_number     = "100000000001"
  deployer_email     = "deployer@tallystick-test-eu.iam.gserviceaccount.com"
  spanner_instance   = "tallystick"
  spanner_database   = "tallystick"
  firestore_database = "(default)"
  vault_bucket       = "tallystick-test-eu-vault"
  ledger_writer_role = "ledgerWriter"
  secret_names       = { CURSOR_KEY = "cursor-key" }
  wrapping_key       = "projects/tallystick-test-eu/locations/europe/keyRings/tallystick-data/cryptoKeys/personal"
  signing_keys       = { checkpoint = "ring/cryptoKeys/checkpoint", evidence = "ring/cryptoKeys/evidence" }
}

run "each_function_runs_as_itself" {
  command = plan

  variables {
    functions         = run.suite.functions
    function_accounts = run.suite.function_accounts
    other_accounts    = run.suite.other_accounts
    topic_names       = { for topic in keys(run.suite.topics) : topic => "tallystick-${topic}" }
  }

  assert {
    condition     = toset(keys(google_service_account.function)) == toset([for file in fileset("${path.module}/../../../functions", "*/index.ts") : dirname(file)])
    error_message = "One account per folder under functions/, and no other."
  }
  assert {
    condition     = length(distinct(values(google_service_account.function)[*].account_id)) == length(google_service_account.function)
    error_message = "Two functions share an account."
  }
}

run "the_archive_can_be_added_to_and_read_and_nothing_else" {
  command = plan

  variables {
    functions         = run.suite.functions
    function_accounts = run.suite.function_accounts
    other_accounts    = run.suite.other_accounts
    topic_names       = { for topic in keys(run.suite.topics) : topic => "tallystick-${topic}" }
  }

  assert {
    condition     = toset(keys(google_storage_bucket_iam_member.vault)) == toset(["api reads the archive", "archive-period adds to the archive", "archive-period reads the archive", "reconcile-chain adds to the archive", "reconcile-chain reads the archive", "seal-ledger adds to the archive", "seal-ledger reads the archive"])
    error_message = "Another function reaches the archive, or one that must does not."
  }
  assert {
    condition     = alltrue([for grant in google_storage_bucket_iam_member.vault : contains(["roles/storage.objectCreator", "roles/storage.objectViewer"], grant.role)])
    error_message = "A role in the archive can overwrite or delete."
  }
}

run "personal_data_is_opened_by_those_who_read_it" {
  command = plan

  variables {
    functions         = run.suite.functions
    function_accounts = run.suite.function_accounts
    other_accounts    = run.suite.other_accounts
    topic_names       = { for topic in keys(run.suite.topics) : topic => "tallystick-${topic}" }
  }

  assert {
    condition     = toset(keys(google_kms_crypto_key_iam_member.unwrapper)) == toset(["api", "ingest", "reconcile-chain", "run-invoices", "sign-receipts"])
    error_message = "The sealer or the archivist opens personal data, or somebody who must does not."
  }
  assert {
    condition     = alltrue([for grant in google_kms_crypto_key_iam_member.unwrapper : grant.role == "roles/cloudkms.cryptoKeyEncrypterDecrypter" && grant.crypto_key_id == var.wrapping_key])
    error_message = "A function may do something else with a key, or with another."
  }
}

run "each_key_signs_for_whom_it_is" {
  command = plan

  variables {
    functions         = run.suite.functions
    function_accounts = run.suite.function_accounts
    other_accounts    = run.suite.other_accounts
    topic_names       = { for topic in keys(run.suite.topics) : topic => "tallystick-${topic}" }
  }

  assert {
    condition = toset([for name, grant in google_kms_crypto_key_iam_member.signer : name if grant.role == "roles/cloudkms.signer"]) == toset([
      "archive-period signs with evidence",
      "reconcile-chain signs with evidence",
      "seal-ledger signs with checkpoint",
    ])
    error_message = "Somebody signs with a key that is not theirs."
  }
  assert {
    condition     = alltrue([for grant in google_kms_crypto_key_iam_member.signer : contains(["roles/cloudkms.signer", "roles/cloudkms.viewer", "roles/cloudkms.publicKeyViewer"], grant.role)])
    error_message = "A function could change or destroy a key."
  }
  assert {
    condition     = length([for grant in google_kms_crypto_key_iam_member.signer : grant if grant.role != "roles/cloudkms.signer"]) == 3 * 2 * 2
    error_message = "Three signers list and read the public halves of two keys: twelve grants."
  }
}

run "doorbells_are_rung_by_whom_they_belong_to" {
  command = plan

  variables {
    functions         = run.suite.functions
    function_accounts = run.suite.function_accounts
    other_accounts    = run.suite.other_accounts
    topic_names       = { for topic in keys(run.suite.topics) : topic => "tallystick-${topic}" }
  }

  assert {
    condition = toset(keys(google_pubsub_topic_iam_member.publisher)) == toset([
      "api rings period-invoiced",
      "api rings receipts-appended",
      "ingest rings usage-accepted",
      "reconcile-chain rings period-invoiced",
      "reconcile-chain rings receipts-appended",
      "reconcile-chain rings usage-accepted",
      "run-invoices rings period-due",
      "run-invoices rings period-invoiced",
      "run-invoices rings receipts-appended",
      "seal-ledger rings ledger-sealed",
      "sign-receipts rings receipts-appended",
    ])
    error_message = "Another function publishes, or one that must does not."
  }
  assert {
    condition     = alltrue([for grant in google_pubsub_topic_iam_member.publisher : grant.role == "roles/pubsub.publisher"])
    error_message = "A function may do more with a topic than publish."
  }
}

run "no_function_changes_tables" {
  command = plan

  variables {
    functions         = run.suite.functions
    function_accounts = run.suite.function_accounts
    other_accounts    = run.suite.other_accounts
    topic_names       = { for topic in keys(run.suite.topics) : topic => "tallystick-${topic}" }
  }

  assert {
    condition = { for name, grant in google_spanner_database_iam_member.function : name => grant.role } == {
      api             = "projects/tallystick-test-eu/roles/ledgerWriter"
      archive-period  = "projects/tallystick-test-eu/roles/ledgerWriter"
      ingest          = "projects/tallystick-test-eu/roles/ledgerWriter"
      reconcile-chain = "projects/tallystick-test-eu/roles/ledgerWriter"
      run-invoices    = "projects/tallystick-test-eu/roles/ledgerWriter"
      seal-ledger     = "projects/tallystick-test-eu/roles/ledgerWriter"
      sign-receipts   = "projects/tallystick-test-eu/roles/ledgerWriter"
    }
    error_message = "Functions read and write rows, and nobody may do more."
  }
  assert {
    condition     = length([for permission in google_project_iam_custom_role.ledger_writer.permissions : permission if !can(regex("^spanner\\.(sessions\\.(create|delete|get)|databases\\.(read|select|write|beginReadOnlyTransaction|beginOrRollbackReadWriteTransaction))$", permission))]) == 0
    error_message = "The role of functions can do more than read and write rows: change tables, for one (updateDdl)."
  }
  assert {
    condition     = length(google_project_iam_custom_role.ledger_writer.permissions) == 8
    error_message = "Sessions, reads, snapshots, transactions, commits: eight permissions."
  }
}

run "tables_are_changed_by_the_migrator_whom_the_deployer_may_become" {
  command = plan

  variables {
    functions         = run.suite.functions
    function_accounts = run.suite.function_accounts
    other_accounts    = run.suite.other_accounts
    topic_names       = { for topic in keys(run.suite.topics) : topic => "tallystick-${topic}" }
  }

  assert {
    condition     = google_service_account.migrator.account_id == "migrator" && google_spanner_database_iam_member.migrator.role == "roles/spanner.databaseUser"
    error_message = "Nobody could make tables, or somebody may do more than that."
  }
  assert {
    condition     = google_service_account_iam_member.migrator.role == "roles/iam.serviceAccountTokenCreator" && google_service_account_iam_member.migrator.member == "serviceAccount:${var.deployer_email}"
    error_message = "Somebody else than the deployer becomes the migrator."
  }
  assert {
    condition     = !contains(keys(google_service_account_iam_member.deployer), "migrator")
    error_message = "Something could be deployed that runs as the migrator."
  }
}

run "only_the_api_is_given_the_cursor_key" {
  command = plan

  variables {
    functions         = run.suite.functions
    function_accounts = run.suite.function_accounts
    other_accounts    = run.suite.other_accounts
    topic_names       = { for topic in keys(run.suite.topics) : topic => "tallystick-${topic}" }
  }

  assert {
    condition     = keys(google_secret_manager_secret_iam_member.given) == ["api is given CURSOR_KEY"]
    error_message = "Somebody else could sign cursors, or the API cannot."
  }
  assert {
    condition     = google_secret_manager_secret_iam_member.given["api is given CURSOR_KEY"].role == "roles/secretmanager.secretAccessor" && google_secret_manager_secret_iam_member.given["api is given CURSOR_KEY"].secret_id == "cursor-key"
    error_message = "It may do more than read that one secret."
  }
}

run "no_function_has_a_role_on_the_whole_project" {
  command = plan

  variables {
    functions         = run.suite.functions
    function_accounts = run.suite.function_accounts
    other_accounts    = run.suite.other_accounts
    topic_names       = { for topic in keys(run.suite.topics) : topic => "tallystick-${topic}" }
  }

  assert {
    condition     = alltrue([for grant in google_project_iam_member.firestore : grant.role == "roles/datastore.user" && strcontains(grant.condition[0].expression, "databases/(default)")])
    error_message = "Firestore's role is on the project, so its condition names the database."
  }
  assert {
    condition     = toset(keys(google_project_iam_member.firestore)) == toset(["api", "archive-period", "reconcile-chain", "run-invoices", "sign-receipts"])
    error_message = "Firestore is written by those that append, copy pages or show read models."
  }
  assert {
    condition     = alltrue([for grant in google_project_iam_member.metrics : grant.role == "roles/monitoring.metricWriter"]) && length(google_project_iam_member.metrics) == 7
    error_message = "Each function's client of Spanner adds its measurements, and reads none."
  }
}

run "only_the_api_signs_links_and_only_as_itself" {
  command = plan

  variables {
    functions         = run.suite.functions
    function_accounts = run.suite.function_accounts
    other_accounts    = run.suite.other_accounts
    topic_names       = { for topic in keys(run.suite.topics) : topic => "tallystick-${topic}" }
  }

  assert {
    condition     = keys(google_service_account_iam_member.links) == ["api"] && google_service_account_iam_member.links["api"].role == "roles/iam.serviceAccountTokenCreator"
    error_message = "Signed links are the API's."
  }
}

run "a_shared_account_is_refused" {
  command = plan

  variables {
    function_accounts = merge(run.suite.function_accounts, { api = "fn-ingest" })
    functions         = run.suite.functions
    other_accounts    = run.suite.other_accounts
    topic_names       = { for topic in keys(run.suite.topics) : topic => "tallystick-${topic}" }
  }

  expect_failures = [var.function_accounts]
}

run "an_unknown_access_is_refused" {
  command = plan

  variables {
    functions         = merge(run.suite.functions, { api = merge(run.suite.functions.api, { database = "admin" }) })
    function_accounts = run.suite.function_accounts
    other_accounts    = run.suite.other_accounts
    topic_names       = { for topic in keys(run.suite.topics) : topic => "tallystick-${topic}" }
  }

  expect_failures = [var.functions]
}

run "links_to_what_one_may_not_read_are_refused" {
  command = plan

  variables {
    functions         = merge(run.suite.functions, { ingest = merge(run.suite.functions.ingest, { links = true }) })
    function_accounts = run.suite.function_accounts
    other_accounts    = run.suite.other_accounts
    topic_names       = { for topic in keys(run.suite.topics) : topic => "tallystick-${topic}" }
  }

  expect_failures = [var.functions]
}
