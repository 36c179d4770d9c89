mock_provider "google" {
  override_during = plan

  mock_data "google_project" {
    defaults = { number = "100000000001" }
  }
  mock_resource "google_service_account" {
    defaults = { email = "someone@tallystick-staging-eu.iam.gserviceaccount.com", name = "projects/tallystick-staging-eu/serviceAccounts/someone" }
  }
  mock_resource "google_pubsub_schema" {
    defaults = { id = "projects/tallystick-staging-eu/schemas/some" }
  }
}

variables {
  residency = "eu"
}

# Read aloud, this is what every function may do. Whoever changes it changes this list, in the same review.
run "what_functions_may_do" {
  command = plan

  assert {
    condition = join("\n", output.grants) == join("\n", sort([
      "api is given CURSOR_KEY",
      "api opens personal data",
      "api reads and writes the database",
      "api reads the archive",
      "api reports metrics",
      "api rings period-invoiced",
      "api rings receipts-appended",
      "api signs links as itself",
      "api writes Firestore",
      "archive-period adds to the archive",
      "archive-period lists checkpoint",
      "archive-period lists evidence",
      "archive-period reads and writes the database",
      "archive-period reads public half of checkpoint",
      "archive-period reads public half of evidence",
      "archive-period reads the archive",
      "archive-period reports metrics",
      "archive-period signs with evidence",
      "archive-period writes Firestore",
      "ingest opens personal data",
      "ingest reads and writes the database",
      "ingest reports metrics",
      "ingest rings usage-accepted",
      "reconcile-chain adds to the archive",
      "reconcile-chain lists checkpoint",
      "reconcile-chain lists evidence",
      "reconcile-chain opens personal data",
      "reconcile-chain reads and writes the database",
      "reconcile-chain reads public half of checkpoint",
      "reconcile-chain reads public half of evidence",
      "reconcile-chain reads the archive",
      "reconcile-chain reports metrics",
      "reconcile-chain rings period-invoiced",
      "reconcile-chain rings receipts-appended",
      "reconcile-chain rings usage-accepted",
      "reconcile-chain signs with evidence",
      "reconcile-chain writes Firestore",
      "run-invoices opens personal data",
      "run-invoices reads and writes the database",
      "run-invoices reports metrics",
      "run-invoices rings period-due",
      "run-invoices rings period-invoiced",
      "run-invoices rings receipts-appended",
      "run-invoices writes Firestore",
      "seal-ledger adds to the archive",
      "seal-ledger lists checkpoint",
      "seal-ledger lists evidence",
      "seal-ledger reads and writes the database",
      "seal-ledger reads public half of checkpoint",
      "seal-ledger reads public half of evidence",
      "seal-ledger reads the archive",
      "seal-ledger reports metrics",
      "seal-ledger rings ledger-sealed",
      "seal-ledger signs with checkpoint",
      "sign-receipts opens personal data",
      "sign-receipts reads and writes the database",
      "sign-receipts reports metrics",
      "sign-receipts rings receipts-appended",
      "sign-receipts writes Firestore",
    ]))
    error_message = "Somebody may do something else than this list says."
  }
}

run "the_secret_and_who_makes_tables_are_named" {
  command = plan

  assert {
    condition     = output.secrets == { CURSOR_KEY = "cursor-key" }
    error_message = "Whoever adds the value would not find the secret."
  }
  assert {
    condition     = output.migrator_email != ""
    error_message = "Nobody could make tables."
  }
}

run "staging_rehearses_production" {
  command = plan

  assert {
    condition     = alltrue([for file in ["main.tf", "outputs.tf", "variables.tf", "versions.tf", "backend.tf"] : file("${path.module}/${file}") == file("${path.module}/../../production/identity/${file}")])
    error_message = "Staging is put together otherwise than production."
  }
}
