# What functions are given out of Secret Manager. Here is the place, never the value: a person adds it as a version
# (docs/deploy.md), so that it is neither in a plan nor in the state.
#
# No rotation block: it makes nothing new but rings a topic, and nobody here would answer. See the module's README.

resource "google_secret_manager_secret" "given" {
  for_each = var.names

  project   = var.project
  secret_id = each.value
  labels    = var.labels

  # A version that was destroyed by mistake comes back within 30 days.
  version_destroy_ttl = "2592000s"
  deletion_protection = true

  # Not `auto`: that lies wherever Google likes, under a key in `global`.
  replication {
    user_managed {
      dynamic "replicas" {
        for_each = var.kms_keys

        content {
          location = replicas.key

          customer_managed_encryption {
            kms_key_name = replicas.value
          }
        }
      }
    }
  }

  lifecycle {
    prevent_destroy = true
  }
}
