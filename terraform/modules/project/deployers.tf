# Who applies Terraform. Continuous integration proves itself with its own short-lived token (workload identity
# federation): there is no key to steal. Two identities: the steward changes what must not be lost and who may do what;
# the deployer brings new versions of what runs. Neither holds a role that signs. The steward's admin roles reach data as
# well: a person approves each of its runs, and the trail beside this file records what it did.

locals {
  steward_roles = toset([
    "roles/artifactregistry.admin",
    "roles/cloudkms.admin",
    "roles/datastore.owner",
    "roles/firebaserules.admin",
    "roles/iam.roleAdmin",
    "roles/iam.serviceAccountAdmin",
    "roles/iam.workloadIdentityPoolAdmin",
    "roles/logging.configWriter",
    "roles/pubsub.admin",
    "roles/resourcemanager.projectIamAdmin",
    "roles/secretmanager.admin",
    "roles/serviceusage.serviceUsageAdmin",
    "roles/spanner.admin",
    "roles/storage.admin",
  ])

  deployer_roles = toset([
    "roles/cloudfunctions.developer",
    "roles/cloudscheduler.admin",
    "roles/compute.loadBalancerAdmin",
    "roles/compute.securityAdmin",
    "roles/logging.configWriter",
    "roles/monitoring.admin",
    "roles/pubsub.admin",
    "roles/run.admin",
    "roles/serviceusage.serviceUsageConsumer",
  ])
}

resource "google_service_account" "deploy" {
  for_each = var.deploy_accounts

  project      = var.project
  account_id   = each.value
  display_name = "applies Terraform as ${each.key}"
}

resource "google_project_iam_member" "steward" {
  for_each = local.steward_roles

  project = var.project
  role    = each.key
  member  = google_service_account.deploy["steward"].member
}

resource "google_project_iam_member" "deployer" {
  for_each = local.deployer_roles

  project = var.project
  role    = each.key
  member  = google_service_account.deploy["deployer"].member
}

resource "google_iam_workload_identity_pool" "integration" {
  project                   = var.project
  workload_identity_pool_id = "integration"
  display_name              = "continuous integration"
}

resource "google_iam_workload_identity_pool_provider" "integration" {
  project                            = var.project
  workload_identity_pool_id          = google_iam_workload_identity_pool.integration.workload_identity_pool_id
  workload_identity_pool_provider_id = "github"

  attribute_mapping = {
    "google.subject"        = "assertion.sub"
    "attribute.repository"  = "assertion.repository"
    "attribute.environment" = "assertion.environment"
  }
  # Without this line every repository of the issuer could ask.
  attribute_condition = "assertion.repository == \"${var.repository}\" && assertion.ref == \"refs/heads/main\""

  oidc {
    issuer_uri = var.issuer
  }
}

# An environment of the repository, with the reviewers that it demands, stands for each identity.
resource "google_service_account_iam_member" "deploy" {
  for_each = var.deploy_accounts

  service_account_id = google_service_account.deploy[each.key].name
  role               = "roles/iam.workloadIdentityUser"
  member             = "principalSet://iam.googleapis.com/${google_iam_workload_identity_pool.integration.name}/attribute.environment/${var.environment}-${each.key}"
}
