# One push subscription of our own, with all that makes it safe: it waits as long as the function may take, proves who it
# is, never expires, and what cannot be delivered is kept where somebody can look at it.

resource "google_pubsub_subscription" "push" {
  project = var.project
  name    = var.name
  topic   = var.topic
  labels  = var.labels

  enable_message_ordering    = true
  ack_deadline_seconds       = var.ack_deadline_seconds # also how long a push request may take
  message_retention_duration = "604800s"                # 7 days
  retain_acked_messages      = false

  push_config {
    push_endpoint = var.endpoint

    oidc_token {
      service_account_email = var.push_email
      audience              = var.audience
    }
  }

  retry_policy {
    minimum_backoff = "1s"
    maximum_backoff = "60s"
  }

  dead_letter_policy {
    dead_letter_topic     = google_pubsub_topic.dead_letter.id
    max_delivery_attempts = var.delivery_attempts_max
  }

  # Left alone, a subscription that is idle for 31 days is deleted.
  expiration_policy {
    ttl = ""
  }
}

# --- what could not be delivered ---------------------------------------------------------------------------------------------

resource "google_pubsub_topic" "dead_letter" {
  project                    = var.project
  name                       = "${var.name}-dead-letter"
  labels                     = var.labels
  kms_key_name               = var.kms_key
  message_retention_duration = "604800s"

  message_storage_policy {
    allowed_persistence_regions = var.regions
    enforce_in_transit          = true
  }
}

# Without a subscription, a dead-letter topic keeps nothing.
resource "google_pubsub_subscription" "dead_letter" {
  project                    = var.project
  name                       = "${var.name}-dead-letter"
  topic                      = google_pubsub_topic.dead_letter.id
  labels                     = var.labels
  ack_deadline_seconds       = 60
  message_retention_duration = "2678400s" # 31 days, the longest there is

  expiration_policy {
    ttl = ""
  }
}

# Pub/Sub moves a message itself: it publishes to the one and acknowledges on the other. Without both grants it does neither.
resource "google_pubsub_topic_iam_member" "dead_letter" {
  project = var.project
  topic   = google_pubsub_topic.dead_letter.name
  role    = "roles/pubsub.publisher"
  member  = "serviceAccount:${local.agent}"
}

resource "google_pubsub_subscription_iam_member" "dead_letter" {
  project      = var.project
  subscription = google_pubsub_subscription.push.name
  role         = "roles/pubsub.subscriber"
  member       = "serviceAccount:${local.agent}"
}

locals {
  agent = "service-${var.project_number}@gcp-sa-pubsub.iam.gserviceaccount.com"
}
