mock_provider "google" {
  override_during = plan

  mock_resource "google_pubsub_topic" {
    defaults = { id = "projects/tallystick-test-eu/topics/tallystick-sign-receipts-dead-letter" }
  }
}

variables {
  project                  = "tallystick-test-eu"
  project_number           = "100000000001"
  name                     = "tallystick-sign-receipts"
  topic                    = "tallystick-usage-accepted"
  endpoint                 = "https://sign-receipts-abc.a.run.app/"
  audience                 = "https://europe-west1-tallystick-test-eu.cloudfunctions.net/sign-receipts"
  push_email               = "pubsub-push@tallystick-test-eu.iam.gserviceaccount.com"
  ack_deadline_seconds     = 300
  function_timeout_seconds = 240
  regions                  = ["europe-west1", "europe-west4"]
  kms_key                  = "projects/tallystick-test-eu/locations/europe/keyRings/tallystick-data/cryptoKeys/topics"
  labels                   = { system = "tallystick" }
}

run "push_proves_who_it_is" {
  command = plan

  assert {
    condition     = google_pubsub_subscription.push.push_config[0].oidc_token[0].service_account_email == var.push_email && google_pubsub_subscription.push.push_config[0].oidc_token[0].audience == var.audience
    error_message = "A push without a token, or with one for somebody else."
  }
  assert {
    condition     = length(google_pubsub_subscription.push.push_config[0].no_wrapper) == 0
    error_message = "Ordering key, delivery attempt and subscription would be lost."
  }
}

run "a_doorbell_is_in_order_and_waits_for_its_answer" {
  command = plan

  assert {
    condition     = google_pubsub_subscription.push.enable_message_ordering
    error_message = "Messages of one organization may arrive in any order."
  }
  assert {
    condition     = google_pubsub_subscription.push.ack_deadline_seconds == 300
    error_message = "It waits for another time than asked for."
  }
  assert {
    condition     = google_pubsub_subscription.push.expiration_policy[0].ttl == "" && google_pubsub_subscription.push.message_retention_duration == "604800s"
    error_message = "An idle subscription is deleted, or messages are kept for less than seven days."
  }
  assert {
    condition     = google_pubsub_subscription.push.retry_policy[0].minimum_backoff == "1s" && google_pubsub_subscription.push.retry_policy[0].maximum_backoff == "60s"
    error_message = "A failing function would be called without a pause."
  }
}

run "what_cannot_be_delivered_waits_for_somebody" {
  command = plan

  assert {
    condition     = google_pubsub_subscription.push.dead_letter_policy[0].dead_letter_topic == google_pubsub_topic.dead_letter.id
    error_message = "Poisoned messages go nowhere."
  }
  assert {
    condition     = google_pubsub_subscription.push.dead_letter_policy[0].max_delivery_attempts >= 5 && google_pubsub_subscription.push.dead_letter_policy[0].max_delivery_attempts <= 100
    error_message = "Pub/Sub takes 5 to 100 attempts."
  }
  assert {
    condition     = google_pubsub_subscription.dead_letter.topic == google_pubsub_topic.dead_letter.id && google_pubsub_subscription.dead_letter.expiration_policy[0].ttl == ""
    error_message = "A dead-letter topic without a lasting subscription keeps nothing."
  }
  assert {
    condition     = google_pubsub_topic_iam_member.dead_letter.role == "roles/pubsub.publisher" && google_pubsub_subscription_iam_member.dead_letter.role == "roles/pubsub.subscriber"
    error_message = "Pub/Sub needs both grants to move a message."
  }
  assert {
    condition     = google_pubsub_topic_iam_member.dead_letter.member == "serviceAccount:service-100000000001@gcp-sa-pubsub.iam.gserviceaccount.com" && google_pubsub_subscription_iam_member.dead_letter.member == google_pubsub_topic_iam_member.dead_letter.member
    error_message = "The grants are not Pub/Sub's own agent's."
  }
  assert {
    condition     = google_pubsub_topic.dead_letter.kms_key_name == var.kms_key && google_pubsub_topic.dead_letter.message_storage_policy[0].allowed_persistence_regions == toset(["europe-west1", "europe-west4"])
    error_message = "Dead letters leave the region, or our key."
  }
}

run "four_attempts_are_refused" {
  command = plan

  variables {
    delivery_attempts_max = 4
  }

  expect_failures = [var.delivery_attempts_max]
}

run "a_hundred_and_one_attempts_are_refused" {
  command = plan

  variables {
    delivery_attempts_max = 101
  }

  expect_failures = [var.delivery_attempts_max]
}

run "a_deadline_shorter_than_the_function_is_refused" {
  command = plan

  variables {
    ack_deadline_seconds = 239
  }

  expect_failures = [var.ack_deadline_seconds]
}

run "a_deadline_longer_than_pubsub_waits_is_refused" {
  command = plan

  variables {
    ack_deadline_seconds = 601
  }

  expect_failures = [var.ack_deadline_seconds]
}

run "a_push_in_the_open_is_refused" {
  command = plan

  variables {
    endpoint = "http://sign-receipts.example/"
  }

  expect_failures = [var.endpoint]
}

run "a_push_as_a_person_is_refused" {
  command = plan

  variables {
    push_email = "somebody@example.com"
  }

  expect_failures = [var.push_email]
}
