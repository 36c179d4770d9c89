# What tenants read: the mirror of their ledger pages, and what they see at a glance. Never the book of record: everything
# here can be made again from database and vault.

resource "google_firestore_database" "main" {
  project          = var.project
  name             = var.database
  location_id      = var.location # cannot be changed afterwards
  type             = "FIRESTORE_NATIVE"
  concurrency_mode = "PESSIMISTIC"

  point_in_time_recovery_enablement = "POINT_IN_TIME_RECOVERY_ENABLED" # 7 days
  delete_protection_state           = "DELETE_PROTECTION_ENABLED"
  deletion_policy                   = "ABANDON"

  cmek_config {
    kms_key_name = var.kms_key
  }

  lifecycle {
    prevent_destroy = true
  }
}

# Two copies: pages and read models are made again from the database, and pages from the vault, whatever becomes of this one. A
# backup only spares the time that it takes.
resource "google_firestore_backup_schedule" "weekly" {
  project   = var.project
  database  = google_firestore_database.main.name
  retention = "1209600s" # 14 days

  weekly_recurrence {
    day = "SUNDAY"
  }
}

# --- rules: the file that the tests of test/rules try ----------------------------------------------------------------------

resource "google_firebaserules_ruleset" "main" {
  project = var.project

  source {
    files {
      name    = "firestore.rules"
      content = var.rules
    }
  }

  lifecycle {
    # A ruleset cannot be changed, and the released one cannot be deleted: the next comes first.
    create_before_destroy = true
  }

  depends_on = [google_firestore_database.main]
}

resource "google_firebaserules_release" "main" {
  project      = var.project
  name         = var.database == "(default)" ? "cloud.firestore" : "cloud.firestore/${var.database}"
  ruleset_name = google_firebaserules_ruleset.main.name

  lifecycle {
    replace_triggered_by = [google_firebaserules_ruleset.main]
  }
}

# --- fields: firestore.indexes.json, which the emulators and the Firebase tools read too -----------------------------------

resource "google_firestore_field" "override" {
  for_each = { for override in var.field_overrides : "${override.collectionGroup}/${override.fieldPath}" => override }

  project    = var.project
  database   = google_firestore_database.main.name
  collection = each.value.collectionGroup
  field      = each.value.fieldPath

  # Empty where the file lists no index: large and ever-growing values are read by name only, and an index over them would
  # cost a write each and bound the writes of a second.
  index_config {
    dynamic "indexes" {
      for_each = each.value.indexes

      content {
        order        = indexes.value.order
        array_config = indexes.value.arrayConfig
        query_scope  = indexes.value.queryScope
      }
    }
  }

  dynamic "ttl_config" {
    for_each = each.value.ttl ? [true] : []

    content {}
  }
}

resource "google_firestore_index" "composite" {
  for_each = { for index in var.indexes : "${index.collectionGroup}/${join(",", index.fields[*].fieldPath)}" => index }

  project     = var.project
  database    = google_firestore_database.main.name
  collection  = each.value.collectionGroup
  query_scope = each.value.queryScope

  dynamic "fields" {
    for_each = each.value.fields

    content {
      field_path   = fields.value.fieldPath
      order        = fields.value.order
      array_config = fields.value.arrayConfig
    }
  }
}
