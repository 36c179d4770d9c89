# Keys lie in hardware modules (HSM) and never leave them. Key rings and keys cannot be deleted in Google Cloud; versions
# can, and here nothing is: a signature must stay verifiable, and data readable, for seven years.

# --- signing -------------------------------------------------------------------------------------------------------------

resource "google_kms_key_ring" "signing" {
  project  = var.project
  name     = var.signing_ring
  location = var.signing_location

  lifecycle {
    prevent_destroy = true
  }
}

# One key per purpose: a report can never be shown as a checkpoint.
resource "google_kms_crypto_key" "signing" {
  for_each = var.signing_versions

  key_ring = google_kms_key_ring.signing.id
  name     = each.key
  labels   = var.labels
  purpose  = "ASYMMETRIC_SIGN"

  # Cloud KMS does not rotate asymmetric keys, hence no rotation_period: a version is added to signing_versions.
  skip_initial_version_creation = true
  destroy_scheduled_duration    = "7776000s" # 90 days to change one's mind

  version_template {
    algorithm        = "RSA_SIGN_PKCS1_3072_SHA256"
    protection_level = "HSM"
  }

  lifecycle {
    prevent_destroy = true
  }
}

resource "google_kms_crypto_key_version" "signing" {
  for_each = merge([
    for key, versions in var.signing_versions : { for version in versions : "${key}/${version}" => key }
  ]...)

  crypto_key = google_kms_crypto_key.signing[each.value].id

  lifecycle {
    prevent_destroy = true
    # A version that is retired is disabled by hand after its successor signs; that is not undone by the next apply.
    ignore_changes = [state]
  }
}

# --- data at rest --------------------------------------------------------------------------------------------------------

locals {
  # One key per kind of data. A secret has a copy in each location, and each copy needs a key in its own.
  data_keys = merge(
    { for kind, key in var.data_keys : kind => { kind = kind, location = key.location } },
    { for location in var.secret_locations : "secrets/${location}" => { kind = "secrets", location = location } },
  )

  # A key must lie where the data lies: a ring per location.
  data_locations = toset(values(local.data_keys)[*].location)

  # Key and agent of each service. The agents exist once their API has been used: see the module's README.
  agents = {
    spanner   = "service-${var.project_number}@gcp-sa-spanner.iam.gserviceaccount.com"
    firestore = "service-${var.project_number}@gcp-sa-firestore.iam.gserviceaccount.com"
    vault     = "service-${var.project_number}@gs-project-accounts.iam.gserviceaccount.com"
    topics    = "service-${var.project_number}@gcp-sa-pubsub.iam.gserviceaccount.com"
    secrets   = "service-${var.project_number}@gcp-sa-secretmanager.iam.gserviceaccount.com"
  }
}

resource "google_kms_key_ring" "data" {
  for_each = local.data_locations

  project  = var.project
  name     = var.data_ring
  location = each.key

  lifecycle {
    prevent_destroy = true
  }
}

resource "google_kms_crypto_key" "data" {
  for_each = local.data_keys

  key_ring                   = google_kms_key_ring.data[each.value.location].id
  name                       = each.value.kind
  labels                     = var.labels
  purpose                    = "ENCRYPT_DECRYPT"
  rotation_period            = "7776000s" # 90 days
  destroy_scheduled_duration = "7776000s"

  version_template {
    algorithm        = "GOOGLE_SYMMETRIC_ENCRYPTION"
    protection_level = "HSM"
  }

  lifecycle {
    prevent_destroy = true
  }
}

# No agent of Google's opens organizations' data keys: the functions do, see modules/identity.
resource "google_kms_crypto_key_iam_member" "agent" {
  for_each = { for name, key in local.data_keys : name => key if contains(keys(local.agents), key.kind) }

  crypto_key_id = google_kms_crypto_key.data[each.key].id
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  member        = "serviceAccount:${local.agents[each.value.kind]}"
}
