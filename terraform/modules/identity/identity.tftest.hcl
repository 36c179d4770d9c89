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
      "ingest rings usage-accepted",
      "reconcile-chain rings period-invoiced",
      "reconcile-chain rings receipts-appended",
      "reconcile-chain rings usage-accepted",
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

run "the_database_is_not_administered_by_functions" {
  command = plan

  variables {
    functions         = run.suite.functions
    function_accounts = run.suite.function_accounts
    other_accounts    = run.suite.other_accounts
    topic_names       = { for topic in keys(run.suite.topics) : topic => "tallystick-${topic}" }
  }

  assert {
    condition     = alltrue([for grant in google_spanner_database_iam_member.function : contains(["roles/spanner.databaseUser", "roles/spanner.databaseReader"], grant.role)])
    error_message = "A function could change the schema or drop the database."
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
    error_message = "The one project-level role is Firestore's, and its condition names the database."
  }
  assert {
    condition     = toset(keys(google_project_iam_member.firestore)) == toset(["archive-period", "reconcile-chain", "run-invoices", "sign-receipts"])
    error_message = "Firestore is written by those that copy pages or show read models."
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
