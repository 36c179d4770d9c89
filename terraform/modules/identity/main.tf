# Who there is, and what each may touch. Every grant is on one resource (database, topic, bucket, key, account), for one
# function, and follows from the table in modules/suite. No function has a role on the project but for two services that know
# no finer grain: Firestore, where a condition names the database, and Monitoring, to which one can only add.

# --- accounts --------------------------------------------------------------------------------------------------------------

resource "google_service_account" "function" {
  for_each = var.function_accounts

  project      = var.project
  account_id   = each.value
  display_name = each.key
  description  = "Runs the function ${each.key} and nothing else."
}

resource "google_service_account" "caller" {
  for_each = {
    push      = "Calls functions for Pub/Sub."
    scheduler = "Calls functions for Cloud Scheduler."
    builder   = "Builds the functions' images; runs nothing."
  }

  project      = var.project
  account_id   = var.other_accounts[each.key]
  display_name = each.key
  description  = each.value
}

# Makes tables, and nothing else does: npm run migrate. A release needs it, so the deployer may become it, for as long as that
# takes and with a line in the audit log; a token of the deployer itself opens no database.
resource "google_service_account" "migrator" {
  project      = var.project
  account_id   = var.other_accounts.migrator
  display_name = "migrator"
  description  = "Changes tables for npm run migrate; runs nothing."
}

locals {
  members = { for name, account in google_service_account.function : name => "serviceAccount:${account.email}" }

  # The tables of "function x resource" that the grants below are made from.
  vault_grants = merge([
    for name, function in var.functions : merge(
      function.vault_create ? { "${name} adds to the archive" = { function = name, role = "roles/storage.objectCreator" } } : {},
      function.vault_read ? { "${name} reads the archive" = { function = name, role = "roles/storage.objectViewer" } } : {},
    )
  ]...)

  secret_grants = merge([
    for name, function in var.functions : { for variable in function.secrets : "${name} is given ${variable}" => { function = name, variable = variable } }
  ]...)

  topic_grants = merge([
    for name, function in var.functions : { for topic in function.publishes : "${name} rings ${topic}" => { function = name, topic = topic } }
  ]...)

  # A signer finds its key version by the thumbprint of the public key, so it lists and reads the public halves of both
  # keys (viewer, publicKeyViewer). It signs with its own key alone.
  key_grants = merge([
    for name, function in var.functions : merge(
      { for key in function.signs : "${name} signs with ${key}" => { function = name, key = key, role = "roles/cloudkms.signer" } },
      length(function.signs) == 0 ? {} : merge([
        for key in keys(var.signing_keys) : {
          "${name} lists ${key}"                = { function = name, key = key, role = "roles/cloudkms.viewer" }
          "${name} reads public half of ${key}" = { function = name, key = key, role = "roles/cloudkms.publicKeyViewer" }
        }
      ]...),
    )
  ]...)
}

# --- roles of ours -----------------------------------------------------------------------------------------------------------

# roles/spanner.databaseUser would do, and more: it also has updateDdl, changequorum, adapt and partitioned DML (Google's list
# of Spanner's roles), so a function that was taken over could drop tables. This is what is left of
# it when only what the adapter calls remains: sessions, reads by key, range and query, snapshots, transactions and their
# commits. To be confirmed on a real project, since no emulator checks permissions.
resource "google_project_iam_custom_role" "ledger_writer" {
  project     = var.project
  role_id     = var.ledger_writer_role
  title       = "Ledger writer"
  description = "Reads and writes rows; no schema."

  permissions = [
    "spanner.databases.beginOrRollbackReadWriteTransaction",
    "spanner.databases.beginReadOnlyTransaction",
    "spanner.databases.read",
    "spanner.databases.select",
    "spanner.databases.write",
    "spanner.sessions.create",
    "spanner.sessions.delete",
    "spanner.sessions.get",
  ]
}

# --- grants ----------------------------------------------------------------------------------------------------------------

resource "google_spanner_database_iam_member" "function" {
  for_each = var.functions

  project  = var.project
  instance = var.spanner_instance
  database = var.spanner_database
  role     = each.value.database == "write" ? "projects/${var.project}/roles/${google_project_iam_custom_role.ledger_writer.role_id}" : "roles/spanner.databaseReader"
  member   = local.members[each.key]
}

resource "google_spanner_database_iam_member" "migrator" {
  project  = var.project
  instance = var.spanner_instance
  database = var.spanner_database
  role     = "roles/spanner.databaseUser"
  member   = "serviceAccount:${google_service_account.migrator.email}"
}

# Spanner's client reports what it measures to Monitoring by itself, once a minute (@google-cloud/spanner 9.0.0,
# configureMetrics_), and without this right says instead, as often, that it may not.
resource "google_project_iam_member" "metrics" {
  for_each = var.functions

  project = var.project
  role    = "roles/monitoring.metricWriter"
  member  = local.members[each.key]
}

resource "google_project_iam_member" "firestore" {
  for_each = { for name, function in var.functions : name => function if function.firestore == "write" }

  project = var.project
  role    = "roles/datastore.user"
  member  = local.members[each.key]

  condition {
    title      = "only the ledger's database"
    expression = "resource.name == \"projects/${var.project}/databases/${var.firestore_database}\""
  }
}

resource "google_storage_bucket_iam_member" "vault" {
  for_each = local.vault_grants

  bucket = var.vault_bucket
  role   = each.value.role
  member = local.members[each.value.function]
}

resource "google_secret_manager_secret_iam_member" "given" {
  for_each = local.secret_grants

  project   = var.project
  secret_id = var.secret_names[each.value.variable]
  role      = "roles/secretmanager.secretAccessor"
  member    = local.members[each.value.function]
}

resource "google_pubsub_topic_iam_member" "publisher" {
  for_each = local.topic_grants

  project = var.project
  topic   = var.topic_names[each.value.topic]
  role    = "roles/pubsub.publisher"
  member  = local.members[each.value.function]
}

resource "google_kms_crypto_key_iam_member" "signer" {
  for_each = local.key_grants

  crypto_key_id = var.signing_keys[each.value.key]
  role          = each.value.role
  member        = local.members[each.value.function]
}

# What personal data is sealed with is opened by whoever reads usage or profiles, and by nobody else.
resource "google_kms_crypto_key_iam_member" "unwrapper" {
  for_each = { for name, function in var.functions : name => function if function.unwraps }

  crypto_key_id = var.wrapping_key
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  member        = local.members[each.key]
}

# A signed download link is signed with the function's own account, through the IAM API: there is no key file to sign with.
resource "google_service_account_iam_member" "links" {
  for_each = { for name, function in var.functions : name => function if function.links }

  service_account_id = google_service_account.function[each.key].name
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = local.members[each.key]
}

# --- who may act as whom -----------------------------------------------------------------------------------------------------

# Pub/Sub's own agent makes the tokens of push requests. Projects made since April 2021 give it the right by themselves, on
# every account; here it has it on this one.
resource "google_service_account_iam_member" "push_tokens" {
  service_account_id = google_service_account.caller["push"].name
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = "serviceAccount:service-${var.project_number}@gcp-sa-pubsub.iam.gserviceaccount.com"
}

# To deploy a function that runs as an account, or a job or subscription that calls as one, is to act as it.
resource "google_service_account_iam_member" "deployer" {
  for_each = merge(google_service_account.function, google_service_account.caller)

  service_account_id = each.value.name
  role               = "roles/iam.serviceAccountUser"
  member             = "serviceAccount:${var.deployer_email}"
}

resource "google_service_account_iam_member" "migrator" {
  service_account_id = google_service_account.migrator.name
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = "serviceAccount:${var.deployer_email}"
}
